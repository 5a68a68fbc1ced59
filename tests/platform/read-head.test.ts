import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { readHead } from "../../src/platform/node/read-head.ts";

const folder = await mkdtemp(join(tmpdir(), "fovea-head-"));
afterAll(() => rm(folder, { recursive: true }));

const FILES = 3000;
const path = (index: number) => join(folder, `${index % 7}`);
for (let i = 0; i < 7; i++)
  await writeFile(
    path(i),
    Uint8Array.from({ length: i * 3 }, (_, j) => i + j),
  );

it("gives the first bytes of thousands of files, and lets the event loop have its turns", async () => {
  let turns = 0;
  let done = false;
  const turn = () => {
    turns++;
    if (!done) setImmediate(turn);
  };
  setImmediate(turn);
  let bytes = 0;
  let atOnce = 0;
  for (let i = 0; i < FILES; i++) {
    const before = turns;
    const head = await readHead(path(i), 10);
    if (turns === before) atOnce++;
    expect(head).toEqual(Uint8Array.from({ length: Math.min(10, (i % 7) * 3) }, (_, j) => (i % 7) + j));
    bytes += head.length;
  }
  done = true;
  expect(bytes).toBeGreaterThan(FILES * 5);
  expect(turns).toBeGreaterThan(2);
  expect(atOnce).toBeGreaterThan(FILES / 10); // of a machine that is busy nobody knows more
});

it("says why a file cannot be read, at once or elsewhere", async () => {
  for (let i = 0; i < 50; i++) {
    await readHead(path(1), 4);
    await expect(readHead(join(folder, "none"), 4)).rejects.toMatchObject({ code: "file.not-found" });
    await expect(readHead(folder, 4)).rejects.toMatchObject({ code: "file.is-a-folder" });
  }
});
