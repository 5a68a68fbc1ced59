import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readCsv } from "../../src/formats/csv.ts";
import { trainOptionsSchema } from "../../src/tasks/train-options.ts";
import { describePhotos } from "../data/photo-folder.ts";
import { drawSmallFaces, type Ended, makeScratch, quick, type RunOptions, runCli } from "./run-cli.ts";

const scratch = await makeScratch();
const fovea = (args: string[], more: RunOptions = {}) => runCli(args, { cwd: scratch, ...more });
const oddNames = [`it's "q".png`, "new\nline.png", "a, b.png", "😀 日本.png"];
let trained: Ended;

beforeAll(async () => {
  await drawSmallFaces(join(scratch, "photos"));
  const photo = await readFile(join(scratch, "photos", "sad", "face 1.png"));
  await mkdir(join(scratch, "odd"));
  for (const name of oddNames) await writeFile(join(scratch, "odd", name), photo);
  await writeFile(join(scratch, "text.jpg"), "no photo");
  trained = await fovea(["train", "photos", ...quick, "--out", "run"]);
});

describe("train", () => {
  it("tells what it does, a line an epoch, and what to type next", () => {
    const { status, stdout, stderr } = trained;
    expect(stderr).toBe("");
    expect(status).toBe(0);
    expect(stdout).toContain(
      [
        "Found 24 files belonging to 2 classes.",
        "  class     photos  train  validation  test",
        "  happy         12      9           2     1",
        "  sad           12      8           3     1",
        "  together      24     17           5     2",
        "",
        "Model report, 14,321 parameters; backend ",
      ].join("\n"),
    );
    const epoch =
      /^Epoch 2\/2 \S+ \S+\/step - accuracy: [\d.]+ - loss: [\d.]+ - val_accuracy: [\d.]+ - val_loss: /m;
    expect(stdout).toMatch(epoch);
    expect(stdout).toContain("On the test photos, which training never saw: 2 images\n");
    expect(stdout).toMatch(/Next:\n {2}fovea predict run <photo>\n {2}fovea evaluate run --data/);
  });

  it("names pictures that are there", async () => {
    const pictures = trained.stdout.match(/^ {2}run\/.*\.png$/gm)!.map((line) => line.trim());
    expect(pictures).toHaveLength(4);
    for (const picture of pictures) expect(existsSync(join(scratch, picture))).toBe(true);
  });

  it("says npx in what to type next where npx was typed", async () => {
    const out = join(scratch, "by-npx");
    const { stdout } = await runCli(["train", "photos", ...quick, "--out", out], {
      cwd: scratch,
      env: { npm_command: "exec" },
    });
    expect(stdout).toContain("Next:\n  npx fovea predict ");
  });

  it("in the folder of photos itself leaves that as it was: the run goes beside it", async () => {
    const photos = join(scratch, "beside", "photos");
    await drawSmallFaces(photos, 5);
    const { status, stdout } = await runCli(["train", ".", ...quick], { cwd: photos });
    expect(stdout).toMatch(/^Run folder .*beside\/runs\/photos-\d{4}-\d\d-\d\d-1$/m);
    expect(status).toBe(0);
    expect((await readdir(photos)).sort()).toEqual(["happy", "sad"]);
  });

  it("with --json prints one document, and the rest on standard error", async () => {
    const { stdout, stderr } = await fovea(["train", "photos", ...quick, "--out", "as json", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ folder: "as json", ended: "finished", problems: [] });
    expect(JSON.parse(stdout).history).toHaveLength(2);
    expect(stderr).toContain("Epoch 2/2");
  });

  it("says once that the loss is not a number, with what to do, and exits 2 for there is no model", async () => {
    const { status, stdout } = await fovea(["train", "photos", ...quick, "--learning-rate", "1e30"]);
    expect(stdout.match(/The loss is not a number any more/g)).toHaveLength(1);
    expect(stdout.indexOf("try a smaller --learning-rate")).toBeLessThan(stdout.indexOf("Epoch 1/2"));
    expect(stdout).toContain("so there is no model. Try a smaller --learning-rate.");
    expect(status).toBe(2);
    const [run] = await readdir(join(scratch, "runs"));
    const predicted = await fovea(["predict", join("runs", run!), "text.jpg"]);
    expect(predicted.stderr).toContain(
      "no epoch of it has ended with a loss that is a number [run.no-model]",
    );
  });
});

describe("predict", () => {
  it.each([
    ["run"],
    ["run/model.h5"],
  ])("with %s answers a row a photo, odd names kept on their line", async (model) => {
    const { status, stdout, stderr } = await fovea(["predict", model, "odd", "photos/happy/face 0.png"]);
    expect(stderr).toBe("");
    expect(status).toBe(0);
    const lines = stdout.split("\n").slice(0, -1);
    expect(lines).toHaveLength(6);
    expect(lines[0]).toMatch(/^photo {20}class +happy +sad$/);
    expect(lines.map((line) => line.split(/ {2,}/)[0])).toEqual([
      "photo",
      "odd/a, b.png",
      `odd/it's "q".png`,
      "odd/new\\u000aline.png",
      "odd/😀 日本.png",
      "photos/happy/face 0.png",
    ]);
    for (const line of lines.slice(1)) expect(line).toMatch(/(?:happy|sad) +[\d.]+% +[\d.]+%$/);
  });

  it("with --csv and --json gives the names as they are, and equal probabilities", async () => {
    const csv = await fovea(["predict", "run", "odd", "--csv"]);
    const [header, ...rows] = readCsv(csv.stdout);
    expect(header).toEqual(["photo", "class", "p(happy)", "p(sad)", "error"]);
    expect(rows.map(([photo]) => photo)).toEqual([...oddNames].sort().map((name) => `odd/${name}`));
    const { predictions } = JSON.parse((await fovea(["predict", "run", "odd", "--json"])).stdout);
    expect(predictions.map(({ photo }: { photo: string }) => photo)).toEqual(rows.map(([photo]) => photo));
    expect(String(predictions[0].probabilities.sad)).toBe(rows[0]![3]);
  });

  it("puts each probability under its class, for names that are numbers too", async () => {
    await drawSmallFaces(join(scratch, "numbered"));
    await rename(join(scratch, "numbered", "happy"), join(scratch, "numbered", "10"));
    await rename(join(scratch, "numbered", "sad"), join(scratch, "numbered", "2"));
    await fovea(["train", "numbered", ...quick, "--out", "by-number"]);
    const args = ["predict", "by-number", "numbered/2/face 1.png"];
    const [{ probabilities }] = JSON.parse((await fovea([...args, "--json"])).stdout).predictions;
    expect(probabilities["10"]).not.toBe(probabilities["2"]);
    const [header, row] = readCsv((await fovea([...args, "--csv"])).stdout);
    expect(header).toEqual(["photo", "class", "p(10)", "p(2)", "error"]);
    expect(row.slice(2, 4).map(Number)).toEqual([probabilities["10"], probabilities["2"]]);
    const [names, shown] = (await fovea(args)).stdout.trimEnd().split("\n");
    expect(names).toMatch(/ 10 +2$/);
    const percents = [...shown.matchAll(/([\d.]+)%/g)].map((match) => Number(match[1]) / 100);
    expect(percents[0]).toBeCloseTo(probabilities["10"], 3);
    expect(percents[1]).toBeCloseTo(probabilities["2"], 3);
  });

  it("answers for the others where one is no photo, and exits 2", async () => {
    const args = ["predict", "run", "text.jpg", "photos/sad/face 1.png", "nowhere.jpg"];
    const { status, stdout, stderr } = await fovea(args);
    expect(stdout).toMatch(/^photo .*\nphotos\/sad\/face 1\.png +(?:happy|sad) .*\n$/);
    const [text, nowhere, end] = stderr.split("\n");
    expect(text).toMatch(/^fovea: text\.jpg: Expected an image \(.*\), found text \[image\.unsupported\]$/);
    expect(nowhere).toBe('fovea: Cannot read "nowhere.jpg": nothing is there [file.not-found]');
    expect(end).toBe("");
    expect(status).toBe(2);
    const json = await fovea([...args, "--json"]);
    expect(json.status).toBe(2);
    const [first, second] = JSON.parse(json.stdout).predictions;
    expect(first).toMatchObject({ photo: "text.jpg", error: { code: "image.unsupported" } });
    expect(second.probabilities.happy + second.probabilities.sad).toBeCloseTo(1, 6);
  });

  it("reads one photo from standard input", async () => {
    const input = await readFile(join(scratch, "photos", "sad", "face 1.png"));
    const piped = JSON.parse((await fovea(["predict", "run", "-", "--json"], { input })).stdout);
    const named = JSON.parse((await fovea(["predict", "run", "photos/sad/face 1.png", "--json"])).stdout);
    expect(piped.predictions[0]).toEqual({ ...named.predictions[0], photo: "-" });
    const nothing = await fovea(["predict", "run", "-"]);
    expect(nothing.stderr).toMatch(/^fovea: -: Expected an image .*, found an empty file \[/);
    expect(nothing.status).toBe(2);
  });
});

describe("evaluate", () => {
  it("judges the run's test part, and any folder into a new folder", async () => {
    const own = await fovea(["evaluate", "run"]);
    expect(own.stdout).toMatch(/^On the run's test photos: 2 images\n/);
    const args = ["evaluate", "run/model.h5", "--data", "photos", "--out", "judged", "--json"];
    const other = JSON.parse((await fovea(args)).stdout);
    expect(other).toMatchObject({ part: "all", data: "photos", evaluation: { images: 24 } });
    expect((await readdir(join(scratch, "judged"))).sort()).toEqual([
      "metrics.json",
      "plots",
      "predictions.csv",
    ]);
  });
});

describe("summary", () => {
  it("prints what Keras prints for the report's network", async () => {
    const keras = await readFile(new URL("../fixtures/keras/report-summary.txt", import.meta.url), "utf8");
    const { stdout } = await fovea(["summary"]);
    expect(stdout.trimEnd()).toBe(keras.trimEnd());
  });

  it("takes a size and a number of classes, a run or a model file", async () => {
    const seven = await fovea(["summary", "--classes", "7", "--image-size", "48"]);
    expect(seven.stdout).toContain(" Total params: 77,303 (301.96 KB)\n");
    const { stdout } = await fovea(["summary", "run"]);
    expect(stdout).toContain(
      "│ conv2d (Conv2D)                   │ (None, 22, 22, 16)       │           448 │",
    );
    const json = JSON.parse((await fovea(["summary", "run/model.h5", "--json"])).stdout);
    expect(json).toMatchObject({ name: "sequential", parameters: 14_321, trainableParameters: 14_321 });
  });

  it("shows the operations of a program after fusion, with their memory and cost", async () => {
    const { stdout } = await fovea(["summary", "report", "--image-size", "48", "--program", "--batch", "2"]);
    expect(stdout).toMatch(/^Inference, batch 2\n/);
    expect(stdout).toMatch(
      /^ *0 {2}convPoolInference \+ ReLU +conv2d +3\.86 M +57\.1 kB +67\.7 kB +\d+\.\d$/m,
    );
    expect(stdout).toContain("input:images 2x48x48x3, state+0 3x3x3x16, state+1728 16 → work+");
    const json = JSON.parse((await fovea(["summary", "run", "--training", "--json"])).stdout);
    expect(json.program).toMatchObject({ kind: "training", batch: 32 });
    const [first] = json.program.calls;
    expect(first).toMatchObject({
      index: 0,
      operation: "convPool",
      layer: "conv2d",
      pass: "forward",
      constant: false,
    });
    expect(first.inputs[0]).toMatchObject({ region: "input:images", byteOffset: 0, dtype: "float32" });
    expect(json.program.calls.at(-1)).toMatchObject({
      operation: "adamUpdate",
      layer: "Adam",
      pass: "update",
    });
    const sum = json.program.calls.reduce((total: number, call: { flops: number }) => total + call.flops, 0);
    expect(json.program.flops).toBe(sum);
  });
});

describe("help", () => {
  it("comes without arguments, and for each command with every default and an example", async () => {
    const none = await fovea([]);
    expect(none).toMatchObject({ status: 0, stderr: "" });
    expect((await fovea(["--help"])).stdout).toBe(none.stdout);
    const commands = [...none.stdout.matchAll(/^ {2}(demo|train|evaluate|predict|summary) /gm)];
    expect(commands).toHaveLength(5);
    const { stdout } = await fovea(["train", "--help"]);
    expect(stdout).toContain("--image-size <number>      side in pixels");
    const defaults = Object.values(trainOptionsSchema.shape).map((schema) => schema.parse(undefined));
    const told = defaults.filter((value) => value !== undefined && value !== false);
    expect(stdout.match(/\(default: |\(default:$/gm)).toHaveLength(told.length + 1); // and that of --out
    expect(stdout).toContain("Examples:\n  fovea train photos/");
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });

  it("--version prints the package's", async () => {
    const { version } = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8"));
    expect((await fovea(["--version"])).stdout).toBe(`${version}\n`);
  });
});

describePhotos("happy-sad-dirty", (folder) => {
  it("lists every file that is unreadable or misnamed, with the right reason", async () => {
    const { stdout } = await fovea(["train", folder, ...quick, "--epochs", "1", "--out", "dirty"]);
    const notImage = "Expected an image (JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF), found blank text";
    const misnamed = (name: string, content: string) => `Named as ${name}, but its content is ${content}`;
    expect(stdout).toContain(
      `Left out 2 files:\n  happy/pics  ${notImage}\n  sad/pic  ${notImage}\nUsed, though something is odd about 7 files:\n`,
    );
    expect(
      stdout.match(/ {2}\S.*$/gm)!.filter((line) => line.endsWith(misnamed("JPEG", "WebP"))),
    ).toHaveLength(6);
    expect(stdout).toContain(`animated-person-png.png  ${misnamed("PNG", "JPEG")}\n`);
    expect(stdout).toMatch(/^ {2}together +148 /m);
  });
});

describePhotos("expressions-48", (folder) => {
  it("makes a classifier of seven classes, each with its rates", async () => {
    const { stdout, status } = await fovea(["train", folder, ...quick, "--epochs", "1", "--out", "seven"]);
    expect(status).toBe(0);
    expect(stdout).toContain("Found 981 files belonging to 7 classes.\n");
    expect(stdout).toMatch(/^ {2}class +images +precision +95 % interval +recall +95 % interval$/m);
    await copyFile(join(scratch, "photos", "sad", "face 1.png"), join(scratch, "one.png"));
    const predicted = await fovea(["predict", "seven", "one.png"]);
    const row = /^photo +class +next\none\.png +\w+ +[\d.]+% +\w+ [\d.]+%, \w+ [\d.]+%\n$/;
    expect(predicted.stdout).toMatch(row);
  });
});

describe("import", () => {
  it("makes a run of a model file, once, for what needs no training", async () => {
    await copyFile(join(scratch, "run", "model.h5"), join(scratch, "elsewhere.h5"));
    const args = ["import", "elsewhere.h5", "--classes", "no,yes", "--range", "-1..1", "-o", "imported"];
    const { status, stdout, stderr } = await fovea(args);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toBe("Imported elsewhere.h5 (h5): 14,321 parameters, 2 classes\nRun folder imported\n");
    const { stdout: answer } = await fovea(["predict", "imported", join("photos", "sad", "face 1.png")]);
    expect(answer).toMatch(/ (no|yes) /);
    const again = await fovea(args);
    expect(again.status).toBe(2);
    expect(again.stderr).toContain("Expected --out to name a new folder");
    const resumed = await fovea(["train", "--resume", "imported"]);
    expect({ status: resumed.status, stderr: resumed.stderr }).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("Expected a run that was trained here"),
    });
  });
});
