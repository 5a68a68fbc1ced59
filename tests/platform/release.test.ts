import { describe, expect, it } from "vitest";
import { loadAddon } from "../../src/backends/native/addon.ts";
import { release } from "../../src/platform/node/release.ts";

const withAddon = !("unavailable" in loadAddon());

describe("release", () => {
  it.runIf(withAddon && process.platform === "linux")("gives back the pages of a whole buffer", () => {
    const bytes = new Uint8Array(5 * 1024 * 1024 + 3).fill(9);
    release(bytes);
    expect(bytes[bytes.length >> 1]).toBe(0);
  });

  it("leaves alone what is a part of something else", () => {
    const whole = new Uint8Array(100_000).fill(9);
    release(whole.subarray(1));
    release(whole.subarray(0, 99_999));
    expect(whole.every((byte) => byte === 9)).toBe(true);
  });
});
