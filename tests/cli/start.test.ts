import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { crc32 } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cliPath, drawSmallFaces, type Ended, makeScratch, quick, runCli, runNode } from "./run-cli.ts";

const bundle = dirname(cliPath);
const aheadName = `main.${process.version}-${process.platform}-${process.arch}.code`;
const scratch = await makeScratch();
const words = ["predict", join(scratch, "run"), join(scratch, "faces", "happy", "face 0.png")];
let expected: Ended;

beforeAll(async () => {
  const faces = await drawSmallFaces(join(scratch, "faces"));
  const { status } = await runCli(["train", faces, "--out", join(scratch, "run"), ...quick]);
  expect(status).toBe(0);
  expected = await runCli(words);
});

/** Starts the command from a program that tells what of sharp was loaded from its own files and what V8 said of the code. */
async function lookInside(main: string): Promise<Ended & { refused?: boolean; sharp: string[] }> {
  const program = join(scratch, "look.cjs");
  await writeFile(
    program,
    `process.argv = [process.execPath, ...process.argv.slice(2)];
     process.on("exit", () => {
       const { start } = require(process.argv[1]);
       const sharp = Object.keys(require.cache).filter((path) => /sharp.dist/.test(path));
       console.error(JSON.stringify({ refused: start.refused, sharp }));
     });
     require(process.argv[1]);`,
  );
  const ended = await runNode([program, main, ...words]);
  return { ...ended, ...JSON.parse(ended.stderr.trim().split("\n").at(-1)!) };
}

it("starts from what was compiled ahead, with sharp's JavaScript in it", async () => {
  const { stdout, refused, sharp } = await lookInside(cliPath);
  expect(stdout).toBe(expected.stdout);
  expect(refused).toBe(false);
  expect(sharp).toEqual([]);
});

it("keeps V8's room for new objects small where it trains, from the start", async () => {
  const program = join(scratch, "room.cjs");
  await writeFile(
    program,
    `process.argv = [process.execPath, ...process.argv.slice(2)];
     const { getHeapSpaceStatistics } = require("node:v8");
     process.on("exit", () => {
       console.error(getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space").space_size);
     });
     require(process.argv[1]);`,
  );
  const roomOf = async (args: readonly string[]) =>
    Number((await runNode([program, cliPath, ...args])).stderr.trim().split("\n").at(-1));
  const faces = ["train", join(scratch, "faces"), "--out", join(scratch, "roomy"), ...quick];
  const room = await roomOf(faces);
  expect(room).toBeLessThan(await roomOf(words)); // else it would be small everywhere, and say nothing
  expect(room).toBeLessThanOrEqual(4 * 2 ** 20);
});

function changed(code: Buffer, index: number): Buffer {
  const copy = Buffer.from(code);
  copy[index]! ^= 0x55;
  return copy;
}

/** With the sum made right again, so that it is V8 that must refuse it. */
async function withSum(code: Buffer): Promise<Buffer> {
  code.writeUInt32LE(crc32(code.subarray(4), crc32(await readFile(join(bundle, "main.js")))));
  return code;
}

it("loads sharp from its own files where another version is installed", async () => {
  const root = join(scratch, "elsewhere");
  const files: Record<string, string> = {
    "dist/index.cjs": `throw new Error("this is another sharp");`,
    "package.json": `{ "name": "sharp", "version": "999.0.0", "main": "dist/index.cjs" }`,
  };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, "node_modules/sharp", path)), { recursive: true });
    await writeFile(join(root, "node_modules/sharp", path), text);
  }
  await cp(bundle, join(root, "dist/cli/bundle"), { recursive: true });
  await cp(join(bundle, "../../../package.json"), join(root, "package.json"));
  const { status, stderr } = await runNode([join(root, "dist/cli/bundle/main.cjs"), ...words]);
  expect(stderr).toContain("this is another sharp");
  expect(status).toBe(1);
});

describe("what was compiled ahead", () => {
  let copy: string;
  beforeAll(async () => {
    copy = await mkdtemp(join(dirname(bundle), "bundle-")); // beside it, since it looks for files from there
    await cp(bundle, copy, { recursive: true });
  });
  afterAll(() => rm(copy, { recursive: true, force: true }));

  const damages: Record<string, (code: Buffer) => Buffer | Promise<Buffer>> = {
    "is empty": () => Buffer.alloc(0),
    "is cut short": (code) => code.subarray(0, code.length >> 1),
    "is of another version": (code) => withSum(changed(code, 8)),
    "has a changed byte that V8 would stumble over": (code) => changed(code, 30),
    "is no code at all": () => Buffer.from("hello"),
  };
  for (const [how, damage] of Object.entries(damages)) {
    it(`is left aside where it ${how}`, async () => {
      await writeFile(join(copy, aheadName), await damage(await readFile(join(bundle, aheadName))));
      const { status, stdout, refused } = await lookInside(join(copy, "main.cjs"));
      expect({ status, stdout }).toEqual({ status: 0, stdout: expected.stdout });
      expect(refused).not.toBe(false);
    });
  }

  it("is left aside where the source is another of the same length", async () => {
    await cp(join(bundle, aheadName), join(copy, aheadName));
    const source = await readFile(join(bundle, "main.js"), "latin1");
    const other = source.replace("Say which class photos", "Ask which class photos");
    expect(other).not.toBe(source);
    await writeFile(join(copy, "main.js"), other, "latin1");
    const { status, refused } = await lookInside(join(copy, "main.cjs"));
    expect(status).toBe(0);
    expect(refused).toBeUndefined();
  });
});
