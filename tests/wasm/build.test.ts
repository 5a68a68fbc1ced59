import { spawnSync } from "node:child_process";
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "../support/source-files.ts";

const clang = process.env.CLANG || "clang-19";
const found = spawnSync(clang, ["--version"]).status === 0;
if (!found)
  console.warn(`SKIPPED: whether the committed .wasm is what the sources give, as there is no ${clang}`);

const folder = mkdtempSync(join(tmpdir(), "fovea-wasm-build-"));
afterAll(() => rmSync(folder, { recursive: true }));

function check(where: string, environment: Readonly<Record<string, string>> = {}) {
  const script = join(where, "scripts", "build-wasm.mjs");
  const env = { ...process.env, ...environment };
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, "--check"], {
    env,
    encoding: "utf8",
  });
  return { status, output: stdout + stderr };
}

/** Under a path of another length: none of it may get into the modules. */
beforeAll(() => {
  for (const part of ["kernels", "scripts/build-wasm.mjs", "src/backends/wasm"]) {
    mkdirSync(join(folder, part, ".."), { recursive: true });
    cpSync(join(root, part), join(folder, part), { recursive: true });
  }
});

describe.skipIf(!found)("the committed WebAssembly", () => {
  it("is what the sources give, wherever they lie", () => {
    expect(check(folder)).toEqual({ status: 0, output: "" });
  }, 240_000); // the compiler has it hard with kernels that are unrolled for every size of a tile

  it("is told from what other sources give", () => {
    appendFileSync(
      join(folder, "kernels", "wasm", "exports.c"),
      "EXPORT(more) int more(void) { return 1; }\n",
    );
    const { status, output } = check(folder);
    expect(status).toBe(1);
    expect(output).toMatch(/^Expected kernels-simd\.wasm to be what the sources give, found other bytes; /);
  }, 240_000);
});

it("without its compiler cannot be told, which is an error", () => {
  expect(check(folder, { CLANG: "no-such-clang" })).toEqual({
    status: 1,
    output: 'Expected the command "no-such-clang", found none\n',
  });
});
