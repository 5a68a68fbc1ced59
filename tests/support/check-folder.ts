import { cp, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { measurePicture } from "../../src/data/check/measure.ts";
import { drawFacesInMemory } from "../../src/platform/node/draw.ts";
import { changePhoto } from "./change-photo.ts";

/** What lies in the folder that `drawSpoiltFolder` draws, by what is the matter with it. */
export const spoilt = {
  "file.skipped": ["happy/nowhere.jpg"],
  "image.empty": ["happy/empty.jpg"],
  "image.unsupported": ["sad/notes.jpg"],
  "image.cut-short": ["sad/cut.png"],
  "duplicate.in-two-classes": ["happy/face 0.png", "sad/mirrored 0.jpg"],
  "duplicate.same-bytes": ["happy/copy of 2.png", "happy/face 2.png"],
  "duplicate.same-pixels": ["happy/face 4.png", "happy/packed 4.png"],
  "duplicate.near": ["happy/face 0.png", "sad/mirrored 0.jpg"],
  "data.misnamed": ["sad/named.jpg"],
  "image.several-frames": ["sad/moving.gif"],
  "image.transparent": ["happy/logo.png"],
  "odd.tiny": ["happy/tiny.png"],
  "odd.extreme-aspect": ["happy/wide.png"],
  "odd.one-colour": ["happy/red.png"],
  "odd.dark": ["sad/night.png"],
  "odd.bright": ["sad/snow.png"],
  "odd.blurred": ["happy/fog.png"],
  "odd.low-information": ["sad/sign.png"],
  "odd.grey-among-colour": ["happy/grey.png"],
} as const;

/** Faces of two classes, and one of each of what may be the matter with photos. */
export async function drawSpoiltFolder(folder: string): Promise<void> {
  for (const name of ["happy", "sad"]) await mkdir(join(folder, name), { recursive: true });
  const drawn = await drawFacesInMemory({ count: 160, size: 128, seed: 9 });
  const inColour = drawn.filter(({ image }) => measurePicture(image).colourfulness > 10);
  const [happy, sad] = ["happy", "sad"].map((wanted) => inColour.filter(({ mood }) => mood === wanted));
  const faces = happy.flatMap((face, i) => [face, sad[i]]).slice(0, 64);
  const open = ({ width, height, pixels }: (typeof faces)[number]["image"]) =>
    sharp(pixels, { raw: { width, height, channels: 3 } });
  const at = (path: string) => join(folder, path);
  for (const [i, { image, mood }] of faces.slice(0, 48).entries()) {
    await open(image)
      .png()
      .toFile(at(`${mood}/face ${i}.png`));
  }
  const spare = faces.slice(48).map(({ image }) => open(image));
  const png = await spare[0].png().toBuffer();
  await symlink(at("gone"), at("happy/nowhere.jpg"));
  await writeFile(at("happy/empty.jpg"), "");
  await writeFile(at("sad/notes.jpg"), "no photo");
  await writeFile(at("sad/cut.png"), png.subarray(0, Math.round(0.6 * png.length)));
  const change = {
    scale: 0.8,
    crop: [0.04, 0, 0.02, 0.05],
    mirrored: true,
    brightness: 1,
    quality: 70,
  } as const;
  await writeFile(at("sad/mirrored 0.jpg"), await changePhoto(faces[0].image, change));
  await cp(at("happy/face 2.png"), at("happy/copy of 2.png"));
  await open(faces[4].image).png({ compressionLevel: 1 }).toFile(at("happy/packed 4.png"));
  await writeFile(at("sad/named.jpg"), await spare[2].png().toBuffer());
  const frames = await Promise.all(spare.slice(3, 5).map((each) => each.png().toBuffer()));
  await sharp(frames, { join: { animated: true } })
    .gif()
    .toFile(at("sad/moving.gif"));
  const half = Uint8Array.from({ length: 128 * 128 }, (_, i) => (i % 128 < 64 ? 0 : 255));
  await spare[11]
    .joinChannel(Buffer.from(half), { raw: { width: 128, height: 128, channels: 1 } })
    .png()
    .toFile(at("happy/logo.png"));
  await spare[5].resize(20, 20).png().toFile(at("happy/tiny.png"));
  await spare[6].resize(400, 80, { fit: "fill" }).png().toFile(at("happy/wide.png"));
  await sharp({ create: { width: 90, height: 70, channels: 3, background: "#a01020" } })
    .png()
    .toFile(at("happy/red.png"));
  await spare[7].linear(0.1, 0).png().toFile(at("sad/night.png"));
  await spare[8].linear(0.12, 225).png().toFile(at("sad/snow.png"));
  await spare[9].blur(4).png().toFile(at("happy/fog.png"));
  const sign = `<svg width="200" height="200"><rect width="200" height="200" fill="#26c"/><circle cx="90" cy="110" r="50" fill="#fd0"/></svg>`;
  await sharp(Buffer.from(sign)).png().toFile(at("sad/sign.png"));
  await spare[10].greyscale().png().toFile(at("happy/grey.png"));
}
