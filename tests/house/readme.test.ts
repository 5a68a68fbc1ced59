import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as library from "../../src/index.ts";
import { drawFaces } from "../../src/platform/node/draw.ts";
import { root } from "../support/source-files.ts";

const run = promisify(execFile);

async function codeBlocks(file: string, language: string): Promise<string[]> {
  const text = await readFile(join(root, file), "utf8");
  return [...text.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, "gs"))].map((match) => match[1]);
}

const exampleText = (name: string) => readFile(join(root, "examples", name), "utf8");

describe("README", () => {
  it("shows the library example that is type-checked in examples/", async () => {
    const [block] = await codeBlocks("README.md", "ts");
    expect(block).toBe(await exampleText("train-and-predict.ts"));
  });

  it("begins with the two lines that set all up", async () => {
    const [block] = await codeBlocks("README.md", "sh");
    const commands = block.split("\n").map((line) => line.replace(/\s*#.*/, ""));
    expect(commands.slice(0, 2)).toEqual(["npm ci && npx fovea demo", "npm ci && npm test"]);
  });

  it("names only commands that exist", async () => {
    const { stdout } = await run(process.execPath, [join(root, "dist/cli/bundle/main.cjs"), "--help"]);
    const known = [...stdout.matchAll(/^ {2}(\w+) /gm)].map((match) => match[1]);
    const named = (await codeBlocks("README.md", "sh")).flatMap((block) =>
      [...block.matchAll(/npx fovea (\w+)/g)].map((match) => match[1]),
    );
    expect(named.length).toBeGreaterThan(4);
    for (const name of named) expect(known).toContain(name);
  });
});

describe("the library's public list", () => {
  it("is this one", () => {
    expect(Object.keys(library).sort()).toEqual([
      "InputError",
      "check",
      "evaluate",
      "exportModel",
      "importModel",
      "predict",
      "preview",
      "resume",
      "summarize",
      "train",
    ]);
  });

  it("has an example for every name", async () => {
    const examples = await Promise.all((await readdir(join(root, "examples"))).map(exampleText));
    const imported = examples.flatMap(
      (text) => /import \{ (.*) \} from "fovea"/.exec(text)?.[1].split(", ") ?? [],
    );
    expect(new Set(imported)).toEqual(new Set(Object.keys(library)));
  });
});

/** The examples run as in a reader's own project: photos beside them, the package in node_modules. */
describe("examples", () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "fovea-examples-"));
    const happy = join(folder, "photos", "happy");
    await drawFaces(join(folder, "photos"), { count: 16, seed: 3 });
    const [first] = (await readdir(happy)).filter((name) => name.endsWith(".jpg"));
    await rename(join(happy, first), join(happy, "1.jpg"));
    await mkdir(join(folder, "node_modules"));
    await symlink(root, join(folder, "node_modules", "fovea"), "junction");
  });

  afterAll(() => rm(folder, { recursive: true }));

  /** Smaller images and fewer epochs than the example's: it is to run, not to learn. */
  async function runExample(name: string, original: string, quick: string): Promise<string> {
    const text = await exampleText(name);
    expect(text).toContain(original);
    await writeFile(join(folder, "example.mjs"), text.replace(original, quick));
    return (await run(process.execPath, ["example.mjs"], { cwd: folder })).stdout;
  }

  it("train, evaluate, predict and catch an error", async () => {
    const output = await runExample("train-and-predict.ts", "epochs: 20,", "epochs: 1, imageSize: 32,");
    expect(output).toMatch(/^1 \{ loss: [\d.]+, accuracy: [\d.]+ \}$/m);
    expect(output).toMatch(/^accuracy [\d.]+ on \d+ photos$/m);
    expect(output).toMatch(/^photos\/happy\/1\.jpg (happy|sad)$/m);
    expect(output).toMatch(/^missing\.jpg \?$/m);
    expect(output).toMatch(/^data\.no-such-folder$/m);
  });

  it("check", async () => {
    const output = await runExample("check.ts", "slice(0, 3)", "slice(0, 2)");
    expect(output).toMatch(/^\d+ of \d+ files can be used$/m);
    expect(output).toMatch(/^image\.unsupported: Not an image$/m);
    expect(await readFile(join(folder, "check.html"), "utf8")).toContain("Not an image");
  });

  it("stop, go on and summarize", async () => {
    const output = await runExample("resume-and-summarize.ts", "epochs: 3,", "epochs: 3, imageSize: 32,");
    expect(output).toMatch(/^interrupted 1$/m);
    expect(output).toMatch(/^finished 3$/m);
    expect(output).toMatch(/^dense_1 \[ null, 1 \] 257$/m);
  });
});
