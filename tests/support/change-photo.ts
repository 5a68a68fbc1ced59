import sharp from "sharp";
import type { RgbImage } from "../../src/data/image.ts";
import { RandomStream } from "../../src/util/random.ts";

export interface PhotoChange {
  readonly scale: number;
  /** Shares cut off on the left, right, top and bottom. */
  readonly crop: readonly [number, number, number, number];
  readonly mirrored: boolean;
  readonly brightness: number;
  readonly quality: number;
}

/** What people do to a photo they pass on, all at once: as in bench/plant-duplicates.mjs. */
export function drawChange(seed: number, index: number): PhotoChange {
  const random = new RandomStream(seed, "change", index);
  const between = (low: number, high: number) => low + random.next() * (high - low);
  const cut = () => between(0, 0.08);
  return {
    scale: between(0.5, 1.5),
    crop: [cut(), cut(), cut(), cut()],
    mirrored: random.next() < 0.5,
    brightness: between(0.85, 1.15),
    quality: Math.round(between(40, 90)),
  };
}

/** The changed photo as the bytes of a JPEG. */
export async function changePhoto(
  { width, height, pixels }: RgbImage,
  { scale, crop: [left, right, top, bottom], mirrored, brightness, quality }: PhotoChange,
): Promise<Uint8Array> {
  const cut = {
    left: Math.round(left * width),
    top: Math.round(top * height),
    width: Math.round((1 - left - right) * width),
    height: Math.round((1 - top - bottom) * height),
  };
  const open = sharp(pixels, { raw: { width, height, channels: 3 } });
  const data = await open.extract(cut).raw().toBuffer();
  return sharp(data, { raw: { width: cut.width, height: cut.height, channels: 3 } })
    .flop(mirrored)
    .resize(Math.round(cut.width * scale), Math.round(cut.height * scale), { fit: "fill" })
    .linear(brightness, 0)
    .jpeg({ quality })
    .toBuffer();
}
