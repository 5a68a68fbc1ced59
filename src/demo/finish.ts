import type { RandomStream } from "../util/random.ts";

/** The marks that cameras, scanners and copies leave. */
export const finishes = ["none", "none", "grain", "colour-grain", "specks", "scan-lines"] as const;

export interface Finish {
  readonly grey: boolean;
  readonly noise: (typeof finishes)[number];
  /** How much noise, in [0, 1]. */
  readonly amount: number;
  /** Added to each 8-bit value. */
  readonly brightness: number;
  /** Distance from middle grey is multiplied by this. */
  readonly contrast: number;
}

/** A table of this many pixels is enough: each row starts at a random place in it and goes round. */
const noisePixels = 2048;

/** Changes `pixels` (8-bit RGB, `width * 3` bytes a row) in place. */
export function finishPixels(pixels: Uint8Array, width: number, finish: Finish, stream: RandomStream): void {
  const values = new Uint8ClampedArray(pixels.buffer, pixels.byteOffset, pixels.length);
  if (finish.grey) turnGrey(values);
  const noise = noiseTable(finish, stream);
  const toned = Float32Array.from(
    { length: 256 },
    (_, v) => (v - 128) * finish.contrast + 128 + finish.brightness,
  );
  for (let start = 0, row = 0; start < values.length; start += width * 3, row++) {
    const line = finish.noise === "scan-lines" && row % 3 === 0 ? 28 * finish.amount : 0;
    let place = 3 * stream.nextInteger(noisePixels);
    for (let i = start; i < start + width * 3; i++) {
      values[i] = toned[values[i]] + noise[place] - line;
      place = place + 1 === noise.length ? 0 : place + 1;
    }
  }
}

function turnGrey(values: Uint8ClampedArray): void {
  for (let i = 0; i < values.length; i += 3) {
    const luma = 0.299 * values[i] + 0.587 * values[i + 1] + 0.114 * values[i + 2]; // ITU-R BT.601
    values.fill(luma, i, i + 3);
  }
}

/** What is added to the three values of each pixel: normal for grain, now and then white or black for specks. */
function noiseTable({ noise, amount }: Finish, stream: RandomStream): Float32Array {
  const table = new Float32Array(3 * noisePixels);
  if (noise === "colour-grain") return table.map(() => 20 * amount * stream.nextNormal());
  for (let i = 0; i < table.length; i += 3) {
    if (noise === "grain") table.fill(20 * amount * stream.nextNormal(), i, i + 3);
    if (noise === "specks" && stream.next() < 0.025 * amount)
      table.fill(stream.next() < 0.5 ? -255 : 255, i, i + 3);
  }
  return table;
}
