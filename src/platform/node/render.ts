import type { RgbImage } from "../../data/image.ts";
import { loadSharp } from "./sharp.ts";

/** Draws an SVG at `scale` pixels per unit, on white. */
export async function renderSvg(svg: string, scale = 1): Promise<RgbImage> {
  const { data, info } = await rasterize(svg, scale).raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, pixels: new Uint8Array(data) };
}

/** As `renderSvg`, as the bytes of a PNG file. */
export async function renderSvgToPng(svg: string, scale = 1): Promise<Uint8Array> {
  return new Uint8Array(await rasterize(svg, scale).png({ compressionLevel: 9 }).toBuffer());
}

function rasterize(svg: string, scale: number) {
  const unitsPerInch = 72; // at this density libvips draws one pixel per unit
  return loadSharp()(Buffer.from(svg), {
    density: unitsPerInch * scale,
    limitInputPixels: false,
    unlimited: true,
  })
    .flatten({ background: "#ffffff" })
    .removeAlpha()
    .toColourspace("srgb");
}
