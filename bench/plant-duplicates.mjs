/** Near-duplicates of photos, made by sharp: rescaled, cropped, mirrored, brightened and compressed, all at once. */
import sharp from "sharp";

/** mulberry32: 32 bits of state are plenty for a plan of a few hundred pictures. */
export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What is done to one photo: 50 to 150 % of its size, up to 8 % off each edge, JPEG quality 40 to 90, brightness ±15 %. */
export function planChange(random) {
  const between = (low, high) => low + random() * (high - low);
  return {
    scale: between(0.5, 1.5),
    crop: [0, 0, 0, 0].map(() => between(0, 0.08)), // left, right, top, bottom
    mirrored: random() < 0.5,
    brightness: between(0.85, 1.15),
    quality: Math.round(between(40, 90)),
  };
}

/** The changed photo as the bytes of a JPEG. */
export async function changePhoto({ width, height, pixels }, { scale, crop, mirrored, brightness, quality }) {
  const [left, right, top, bottom] = crop;
  const area = {
    left: Math.round(left * width),
    top: Math.round(top * height),
    width: Math.max(1, Math.round((1 - left - right) * width)),
    height: Math.max(1, Math.round((1 - top - bottom) * height)),
  };
  const cut = await sharp(pixels, { raw: { width, height, channels: 3 } })
    .extract(area)
    .raw()
    .toBuffer();
  return sharp(cut, { raw: { width: area.width, height: area.height, channels: 3 } })
    .flop(mirrored)
    .resize(Math.max(1, Math.round(area.width * scale)), Math.max(1, Math.round(area.height * scale)), {
      fit: "fill",
    })
    .linear(brightness, 0)
    .jpeg({ quality })
    .toBuffer();
}
