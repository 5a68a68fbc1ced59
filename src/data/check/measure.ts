import type { RgbImage } from "../image.ts";
import { reducePicture } from "../reduce.ts";

/** Pixels of the longer side at which pictures of all sizes are measured, so that one blur is like another. */
const MEASURED_SIDE = 256;

/** What can be said of a picture without knowing what it shows. */
export interface Measures {
  readonly width: number;
  readonly height: number;
  /** Mean grey level, 0 to 255. */
  readonly brightness: number;
  /** Standard deviation of the grey levels; of the channel that varies most where all of one grey are of several colours. */
  readonly contrast: number;
  /** Mean distance of a pixel's largest channel from its smallest, 0 for grey. */
  readonly colourfulness: number;
  /**
   * Variance of the Laplacian, 256 pixels to the longer side, as a share of the variance of the grey levels (Pech-Pacheco et al. 2000;
   * the share, so that a pale picture is not taken for a blurred one).
   */
  readonly sharpness: number;
  /** Shannon entropy of the grey levels in bits, 0 to 8. */
  readonly entropy: number;
}

export function measurePicture(image: RgbImage): Measures {
  const scale = MEASURED_SIDE / Math.max(image.width, image.height);
  const [height, width] = [image.height, image.width].map((side) => Math.max(1, Math.round(side * scale)));
  const pixels = reducePicture(image, height, width);
  const grey = new Float32Array(height * width);
  const colourfulness = splitColours(pixels, grey);
  const { mean, variance } = spreadOf(grey, 0, 1);
  const most = Math.max(...[0, 1, 2].map((channel) => spreadOf(pixels, channel, 3).variance));
  return {
    width: image.width,
    height: image.height,
    brightness: mean,
    contrast: Math.sqrt(most),
    colourfulness: colourfulness / grey.length,
    sharpness: variance < 1 ? 0 : laplacianVariance(grey, height, width) / variance,
    entropy: entropyOf(grey),
  };
}

/** Writes the grey levels (ITU-R BT.601 luma) and returns the sum of the distances of largest from smallest channels. */
function splitColours(pixels: Float32Array, grey: Float32Array): number {
  let colourfulness = 0;
  for (let i = 0, at = 0; i < grey.length; i++, at += 3) {
    const red = pixels[at];
    const green = pixels[at + 1];
    const blue = pixels[at + 2];
    grey[i] = 0.299 * red + 0.587 * green + 0.114 * blue;
    colourfulness += Math.max(red, green, blue) - Math.min(red, green, blue);
  }
  return colourfulness;
}

function spreadOf(values: Float32Array, first: number, step: number) {
  let sum = 0;
  let squares = 0;
  let count = 0;
  for (let i = first; i < values.length; i += step) {
    const value = values[i];
    sum += value;
    squares += value * value;
    count++;
  }
  const mean = sum / count;
  return { mean, variance: Math.max(0, squares / count - mean * mean) };
}

/** Of 4 * the pixel less its four neighbours, the border left out. */
function laplacianVariance(grey: Float32Array, height: number, width: number): number {
  if (height < 3 || width < 3) return 0;
  const values = new Float32Array((height - 2) * (width - 2));
  let at = 0;
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const i = y * width + x;
      values[at++] = 4 * grey[i] - grey[i - 1] - grey[i + 1] - grey[i - width] - grey[i + width];
    }
  }
  return spreadOf(values, 0, 1).variance;
}

function entropyOf(grey: Float32Array): number {
  const counts = new Uint32Array(256);
  for (let i = 0; i < grey.length; i++) counts[Math.max(0, Math.min(255, Math.floor(grey[i] + 0.5)))]++;
  let bits = 0;
  for (const count of counts) {
    if (count > 0) bits -= (count / grey.length) * Math.log2(count / grey.length);
  }
  return bits;
}
