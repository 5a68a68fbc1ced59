import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { chooseBackend } from "../../src/backends/choose.ts";
import { nodeMachine } from "../../src/platform/node/node-machine.ts";
import { type Prediction, predict } from "../../src/tasks/predict.ts";
import { train } from "../../src/tasks/train.ts";
import { fixtureBytes } from "../formats/keras/fixtures.ts";
import { drawPhotos, makeScratch, smallOptions } from "./small-run.ts";

vi.mock("../../src/tasks/pictures.ts", () => import("./quick-pictures.ts"));

/** Keras computes in float32 too, in another order. */
const kerasDigits = 5;

const scratch = await makeScratch();
const photos = join(scratch, "photos");
const run = join(scratch, "run");

beforeAll(async () => {
  await drawPhotos(photos, 2, 6);
  await train(nodeMachine, { data: photos, out: run, ...smallOptions, epochs: 1 });
});

const codesOf = (predictions: readonly Prediction[]) =>
  predictions.map((prediction) => ("error" in prediction ? prediction.error.code : prediction.class));

describe("a model that real Keras wrote", () => {
  const { images, models } = JSON.parse(new TextDecoder().decode(fixtureBytes("models.json")));

  /** The four pictures of 8x8 that Keras predicted when the fixtures were made, as PNG. */
  const kerasPhotos = [0, 1, 2, 3].map((index) => join(scratch, `keras ${index}.png`));
  beforeAll(async () => {
    for (const [index, path] of kerasPhotos.entries()) {
      const pixels = Uint8Array.from(images.slice(index * 192, (index + 1) * 192));
      await writeFile(path, await nodeMachine.encodePng({ width: 8, height: 8, pixels }));
    }
  });

  it.each([
    "keras2-adam",
    "keras2-sgd",
    "keras3-adam",
    "keras3-sgd",
  ])("%s predicts what Keras predicted, with a notice of what the file leaves open", async (name) => {
    const model = join(scratch, `${name}.h5`);
    await writeFile(model, fixtureBytes(`${name}.h5`));
    const { predictions, notices, classes } = await predict(nodeMachine, { model, photos: kerasPhotos });
    expect(classes).toEqual(["class 0", "class 1"]);
    expect(notices[0]).toBe(
      "The model does not say how photos are prepared; resized to 8x8, 0 to 255, as its Rescaling layer expects",
    );
    for (const [index, expected] of models[name].predictions.entries()) {
      expect(predictions[index]).toEqual({
        photo: kerasPhotos[index],
        class: expected > 0.5 ? "class 1" : "class 0",
        confidence: expect.closeTo(Math.max(expected, 1 - expected), kerasDigits),
        probabilities: {
          "class 0": expect.closeTo(1 - expected, kerasDigits),
          "class 1": expect.closeTo(expected, kerasDigits),
        },
      });
    }
  });

  it("answers where it branches and joins", async () => {
    const model = join(scratch, "residual.h5");
    await writeFile(model, fixtureBytes("keras3-residual.h5"));
    const { predictions } = await predict(nodeMachine, { model, photos: kerasPhotos });
    // what Keras 3.15.1 makes of the same pictures from 0 to 1
    const expected = [
      [-0.00067714, 0.00830563],
      [0.00816049, 0.03494472],
      [0.00657359, 0.02982365],
      [0.00701401, 0.05159637],
    ];
    expect(predictions.map((each) => Object.values("error" in each ? {} : each.probabilities))).toEqual(
      expected.map((row) => row.map((value) => expect.closeTo(value, kerasDigits))),
    );
  });
});

describe("photos", () => {
  const face = join(photos, "happy", "face 0.png");

  it("are answered one for one, those that are none too", async () => {
    const folder = join(scratch, "odd");
    await mkdir(folder);
    const text = join(folder, "text.jpg");
    const cut = join(folder, "cut.png");
    await writeFile(text, "not a photo");
    await writeFile(cut, (await readFile(face)).subarray(0, 600));
    const missing = join(folder, "missing.jpg");
    const { predictions } = await predict(nodeMachine, {
      model: run,
      photos: [text, face, missing, cut, face],
    });
    expect(predictions.map(({ photo }) => photo)).toEqual([text, face, missing, cut, face]);
    const codes = codesOf(predictions);
    expect(codes[0]).toBe("image.unsupported");
    expect(codes[2]).toBe("file.not-found");
    expect(codes[3]).toMatch(/^image\./);
    expect(predictions[4]).toEqual(predictions[1]);
    expect(["happy", "sad"]).toContain(codes[1]);
  });

  it("are found in folders, in order, hidden ones left out", async () => {
    const folder = join(scratch, "nested");
    await mkdir(join(folder, "b"), { recursive: true });
    await mkdir(join(folder, ".hidden"));
    for (const name of ["b/2.png", "a.png", ".hidden/3.png", ".4.png", "c.png"]) {
      await writeFile(join(folder, name), await readFile(face));
    }
    const { predictions } = await predict(nodeMachine, { model: run, photos: [face, folder] });
    const inFolder = ["a.png", "b/2.png", "c.png"].map((name) => join(folder, name));
    expect(predictions.map(({ photo }) => photo)).toEqual([face, ...inFolder]);
  });

  it("may be bytes with a name, which give the same answer as the file", async () => {
    const bytes = new Uint8Array(await readFile(face));
    const { predictions } = await predict(nodeMachine, { model: run, photos: [face, { name: "-", bytes }] });
    expect(predictions[1]).toEqual({ ...predictions[0], photo: "-" });
    const nonsense = { name: "-", bytes: Uint8Array.of(1, 2, 3) };
    const [answer] = (await predict(nodeMachine, { model: run, photos: [nonsense] })).predictions;
    expect(answer).toMatchObject({ photo: "-", error: { code: expect.stringMatching(/^image\./) } });
  });

  it("are answered the same from the run folder and from its model file", async () => {
    const [fromRun, fromFile] = await Promise.all(
      [run, join(run, "model.h5")].map((model) => predict(nodeMachine, { model, photos: [photos] })),
    );
    expect(fromRun!.predictions).toEqual(fromFile!.predictions);
    expect(fromRun!.predictions).toHaveLength(12);
    const { notice } = await chooseBackend("auto");
    expect(fromRun!.notices).toEqual(notice ? [notice] : []); // the model itself leaves nothing open
  });

  it("are needed", async () => {
    const empty = join(scratch, "empty");
    await mkdir(empty);
    for (const none of [[], [empty]]) {
      await expect(predict(nodeMachine, { model: run, photos: none })).rejects.toMatchObject({
        code: "predict.no-photos",
      });
    }
  });
});

describe("a model that cannot be used is refused with its path", () => {
  const refused = async (model: string) => {
    const error = await predict(nodeMachine, { model, photos: [photos] }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: "InputError", message: expect.stringContaining(model) });
    return (error as { code: string }).code;
  };

  it.each([
    ["empty.h5", () => new Uint8Array(0), "model.empty-file"],
    ["text.h5", () => new TextEncoder().encode("a".repeat(3000)), "model.unknown-format"],
    ["cut short.h5", (model: Uint8Array) => model.subarray(0, 30_000), "model.truncated"],
  ])("%s", async (name, spoil, code) => {
    const path = join(scratch, name);
    await writeFile(path, spoil(new Uint8Array(await readFile(join(run, "model.h5")))));
    expect(await refused(path)).toBe(code);
  });

  it("missing, or a folder without a model", async () => {
    expect(await refused(join(scratch, "nowhere.h5"))).toBe("model.not-found");
    expect(await refused(photos)).toBe("run.no-model");
  });
});
