import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { readCsv } from "../../src/formats/csv.ts";
import { nodeMachine } from "../../src/platform/node/node-machine.ts";
import { evaluate } from "../../src/tasks/evaluate.ts";
import { predict } from "../../src/tasks/predict.ts";
import { train } from "../../src/tasks/train.ts";
import { makeScratch, readJson, readModel, smallOptions } from "./small-run.ts";

vi.mock("../../src/tasks/pictures.ts", () => import("./quick-pictures.ts"));

const scratch = await makeScratch();
const photos = join(scratch, "photos");
const run = join(scratch, "run");

/** Far from the defaults in everything. */
const rule = {
  resize: "crop",
  interpolation: "lanczos3",
  antialias: true,
  colorMode: "grayscale",
  background: "white",
  iccProfile: "srgb",
  maxPixels: 5000,
} as const;

/** A photo has the middle of a long picture and its alpha: by any other rule both classes look the same. */
async function drawPhoto(light: boolean, index: number): Promise<Uint8Array> {
  const [width, height] = [90 + index, 40];
  const pixels = new Uint8Array(width * height * 4);
  for (let i = 0; i < width * height; i++) {
    const x = i % width;
    const inMiddle = x > width / 2 - 15 && x < width / 2 + 15;
    pixels.set([0, 0, 0, inMiddle !== light ? 255 : 0], i * 4);
  }
  return sharp(pixels, { raw: { width, height, channels: 4 } })
    .png()
    .toBuffer();
}

beforeAll(async () => {
  for (const name of ["dark", "light"]) {
    await mkdir(join(photos, name), { recursive: true });
    for (let index = 0; index < 12; index++) {
      await writeFile(join(photos, name, `${index}.png`), await drawPhoto(name === "light", index));
    }
  }
  await train(nodeMachine, { data: photos, out: run, ...smallOptions, ...rule });
});

describe("a rule of one's own", () => {
  const saved = { ...rule, background: "#ffffff" };

  it("is kept in the model and among the options, and the network takes one channel", async () => {
    const { preprocessing, description } = await readModel(run, "model.h5");
    expect(preprocessing).toMatchObject({ ...saved, height: 32, width: 32 });
    expect(description.inputShape).toEqual([32, 32, 1]);
    expect((await readJson(run, "config.json")).options).toMatchObject(saved);
  });

  it("is what evaluate and predict apply", async () => {
    const { evaluation } = await evaluate(nodeMachine, { model: run });
    expect(evaluation.accuracy.value).toBe(1); // by alpha alone
    const rows = readCsv(new TextDecoder().decode(await nodeMachine.readFile(join(run, "predictions.csv"))));
    expect(rows.length).toBeGreaterThan(1);
    for (const [path, , predicted, dark] of rows.slice(1)) {
      const { predictions } = await predict(nodeMachine, { model: run, photos: [join(photos, path!)] });
      const probabilities = { dark: expect.closeTo(Number(dark), 5) }; // a photo alone adds up in another order
      expect(predictions[0]).toMatchObject({ class: predicted, probabilities });
    }
  });

  it("holds for the first photo too, whose decoding begins before the model is read", async () => {
    const alike = [join(photos, "dark", "3.png"), join(photos, "dark", "3.png")];
    const { predictions } = await predict(nodeMachine, { model: run, photos: alike });
    expect(predictions[0]).toEqual(predictions[1]);
  });

  it("refuses a photo beyond its limit of pixels", async () => {
    const large = sharp({ create: { width: 100, height: 51, channels: 3, background: "red" } });
    const source = { name: "large.png", bytes: new Uint8Array(await large.png().toBuffer()) };
    const { predictions } = await predict(nodeMachine, { model: run, photos: [source] });
    expect(predictions[0]).toMatchObject({ error: { code: "image.too-large" } });
  });
});
