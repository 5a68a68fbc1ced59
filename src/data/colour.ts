import type { PixelImage, RgbImage } from "./image.ts";
import type { Preprocessing } from "./preprocessing.ts";

/** A decoded picture in the colours of the rule. */
export function inColour(image: RgbImage, { colorMode }: Pick<Preprocessing, "colorMode">): PixelImage {
  return colorMode === "grayscale" ? toGrayscale(image) : { ...image, channels: 3 };
}

/**
 * Luma by ITU-R BT.601 in 16 bits, rounded: what Pillow's `convert("L")` gives, and so Keras's `load_img(color_mode="grayscale")`.
 * `tf.io.decode_image(channels=1)` gives the same for JPEG, up to one less for PNG, and refuses GIF and BMP.
 */
function toGrayscale({ width, height, pixels }: RgbImage): PixelImage {
  const grey = new Uint8Array(width * height);
  for (let i = 0, at = 0; i < grey.length; i++, at += 3) {
    grey[i] = (pixels[at] * 19595 + pixels[at + 1] * 38470 + pixels[at + 2] * 7471 + 0x8000) >> 16;
  }
  return { width, height, channels: 1, pixels: grey };
}
