import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { countScans } from "../../src/data/jpeg-scans.ts";

const picture = sharp({ create: { width: 40, height: 30, channels: 3, background: "#a05020" } });

describe("countScans", () => {
  it("tells baseline from progressive", async () => {
    expect(countScans(await picture.clone().jpeg().toBuffer())).toBe(1);
    expect(countScans(await picture.clone().jpeg({ progressive: true }).toBuffer())).toBe(10);
  });

  it("does not count what lies in a comment or behind the end", async () => {
    const jpeg = await picture.clone().jpeg({ progressive: true }).toBuffer();
    const scans = Buffer.of(0xff, 0xda, 0, 2, 0xff, 0xda, 0, 2);
    const comment = Buffer.concat([Buffer.of(0xff, 0xfe, 0, 2 + scans.length), scans]);
    const filled = Buffer.of(0xff, 0xff); // fill bytes before a marker
    expect(
      countScans(Buffer.concat([jpeg.subarray(0, 2), comment, filled, jpeg.subarray(2), scans, jpeg])),
    ).toBe(10);
  });

  it("ends where the file does", () => {
    const beginnings = [[], [0xff], [0xff, 0xd8], [0xff, 0xd8, 0xff], [0xff, 0xd8, 0xff, 0xda]];
    for (const bytes of beginnings) expect(countScans(Uint8Array.from(bytes))).toBe(0);
    expect(countScans(Uint8Array.of(0xff, 0xd8, 0xff, 0xda, 0, 0))).toBe(1);
    expect(countScans(new Uint8Array(1000).fill(0xff))).toBe(0);
  });
});
