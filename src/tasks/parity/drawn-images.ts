import type { RgbImage } from "../../data/image.ts";
import { RandomStream } from "../../util/random.ts";

/** Higher than wide and wider than high, and neither side a round number. */
const sizes: readonly (readonly [width: number, height: number])[] = [
  [211, 157],
  [157, 211],
  [64, 64],
  [401, 263],
];

/** Of each size one that is smooth and one that is noise: the same ones each time. */
export function* drawImages(): Generator<RgbImage> {
  for (const [index, [width, height]] of sizes.entries()) {
    yield draw(width, height, smooth(index));
    const random = new RandomStream(0, "parity images", index);
    yield draw(width, height, () => random.nextUint32() & 0xff);
  }
}

/** The value of a colour at a place, from 0 to 255. */
type Paint = (x: number, y: number, colour: number) => number;

const smooth =
  (index: number): Paint =>
  (x, y, colour) =>
    127.5 + 127.4 * Math.sin(x / (11 + 7 * colour) + index) * Math.cos(y / (17 + 5 * index));

function draw(width: number, height: number, paint: Paint): RgbImage {
  const pixels = new Uint8Array(width * height * 3);
  for (let i = 0; i < pixels.length; i++) {
    const place = Math.floor(i / 3);
    pixels[i] = paint(place % width, Math.floor(place / width), i % 3);
  }
  return { width, height, pixels };
}
