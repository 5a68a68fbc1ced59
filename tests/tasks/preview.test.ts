import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { decodeImage } from "../../src/platform/node/decode.ts";
import { nodeMachine } from "../../src/platform/node/node-machine.ts";
import { preview } from "../../src/tasks/preview.ts";
import { drawPhotos, makeScratch } from "./small-run.ts";

const scratch = await makeScratch();
const photos = await drawPhotos(join(scratch, "photos"), 2, 4);
const options = { data: photos, imageSize: 32, photos: 2 };

const draw = async (name: string, more = {}) => {
  const { file } = await preview(nodeMachine, { ...options, out: join(scratch, name), ...more });
  return decodeImage(await readFile(file));
};

it("draws each photo beside seven versions, the same ones for the same seed", async () => {
  const sheet = await draw("a.png", { augment: "flip,rotation,cutmix" });
  const again = await draw("b.png", { augment: "flip,rotation,cutmix" });
  const other = await draw("c.png", { augment: "flip,rotation,cutmix", seed: 1 });
  expect(Buffer.compare(again.pixels, sheet.pixels)).toBe(0);
  expect(Buffer.compare(other.pixels, sheet.pixels)).not.toBe(0);
  const alone = await draw("d.png", { augment: "none" });
  expect(alone.height).toBe(sheet.height);
  expect(alone.width).toBeLessThan(sheet.width / 4);
});

it("overwrites nothing", async () => {
  const out = join(scratch, "mine.png");
  await writeFile(out, "mine");
  await expect(preview(nodeMachine, { ...options, out })).rejects.toMatchObject({ code: "preview.exists" });
  expect(await readFile(out, "utf8")).toBe("mine");
});

it("lists what cannot be read, and refuses a folder of nothing else", async () => {
  const broken = join(scratch, "broken");
  for (const name of ["a", "b"]) {
    await mkdir(join(broken, name), { recursive: true });
    await writeFile(join(broken, name, "text.jpg"), "no image");
  }
  const out = join(scratch, "broken.png");
  await expect(preview(nodeMachine, { ...options, data: broken, out })).rejects.toMatchObject({
    code: "data.no-images",
  });
  await drawPhotos(broken, 2, 1);
  const { problems } = await preview(nodeMachine, { ...options, data: broken, out, photos: 64 });
  expect(problems.map(({ code }) => code)).toEqual(["image.unsupported", "image.unsupported"]);
});
