import { describe, expect, it } from "vitest";
import { type Finish, finishes, finishPixels } from "../../src/demo/finish.ts";
import { RandomStream } from "../../src/util/random.ts";

const untouched: Finish = { grey: false, noise: "none", amount: 1, brightness: 0, contrast: 1 };
const [width, height] = [17, 11];

describe("finishPixels", () => {
  it("changes nothing when there is nothing to do", () => {
    expect(finished(untouched)).toEqual(ramp());
  });

  it("turns pictures grey by the luma of BT.601", () => {
    const pixels = new Uint8Array([255, 0, 0, 0, 255, 0, 0, 0, 255]);
    finishPixels(pixels, 3, { ...untouched, grey: true }, new RandomStream(1, "test"));
    expect([...pixels]).toEqual([76, 76, 76, 150, 150, 150, 29, 29, 29]);
  });

  it("moves brightness and contrast about the middle, and stops at black and white", () => {
    const pixels = new Uint8Array([128, 100, 250]);
    finishPixels(pixels, 1, { ...untouched, brightness: 10, contrast: 1.5 }, new RandomStream(1, "test"));
    expect([...pixels]).toEqual([138, 96, 255]);
  });

  it.each(finishes.filter((noise) => noise !== "none"))("adds %s, the same for the same seed", (noise) => {
    const once = finished({ ...untouched, noise });
    expect(once).not.toEqual(ramp());
    expect(finished({ ...untouched, noise })).toEqual(once);
  });

  it("gives each row other noise", () => {
    const pixels = new Uint8Array(2 * 64 * 3).fill(128);
    finishPixels(pixels, 64, { ...untouched, noise: "grain" }, new RandomStream(1, "test"));
    expect(pixels.slice(0, 64 * 3)).not.toEqual(pixels.slice(64 * 3));
  });
});

function ramp(): Uint8Array {
  return Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 7) % 256);
}

function finished(finish: Finish): Uint8Array {
  const pixels = ramp();
  finishPixels(pixels, width, finish, new RandomStream(5, "test"));
  return pixels;
}
