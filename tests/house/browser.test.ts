import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import * as browser from "../../src/browser.ts";
import { readSources, root } from "../support/source-files.ts";

/** What runs in a browser too: `backends` without `native` and `wasm-node`, and `choose.ts`, which loads them. */
const portable = [
  "src/util",
  "src/core",
  "src/backends/reference",
  "src/backends/wasm",
  "src/formats",
  "src/data",
  "src/training",
  "src/evaluation",
  "src/report",
];

/** What a page imports as "fovea/browser". */
const entry = "src/browser.ts";

/** Packages that work on Node alone. */
const nodeOnly = /^(node:|sharp$|commander$|fastify$)/;

it("the portable folders are the ones that are compiled without Node's types", () => {
  const config = JSON.parse(readFileSync(join(root, "tsconfig.browser.json"), "utf8"));
  expect([...config.include].sort()).toEqual([...portable, entry].sort());
  expect(config.compilerOptions.types).toEqual([]);
});

it("the portable folders compile without Node's types", () => {
  const typescript = dirname(createRequire(import.meta.url).resolve("typescript/package.json"));
  const args = [join(typescript, "bin", "tsc"), "-p", "tsconfig.browser.json"];
  const run = () => execFileSync(process.execPath, args, { cwd: root, encoding: "utf8", stdio: "pipe" });
  expect(outputOf(run)).toBe("");
});

it("the portable folders import nothing that needs Node", () => {
  const sources = portable.flatMap((folder) => readSources(folder, [".ts", ".tsx"]));
  expect(sources.length).toBeGreaterThan(50);
  const wrong = sources.flatMap(({ path, imports }) =>
    imports
      .filter(({ specifier }) => nodeOnly.test(specifier))
      .map(({ specifier }) => `${path} imports ${specifier}`),
  );
  expect(wrong).toEqual([]);
});

it("the public list of fovea/browser is this one", () => {
  expect(Object.keys(browser).sort()).toEqual([
    "InputError",
    "Session",
    "buildModel",
    "createOptimizer",
    "initialWeights",
    "loadWasmBackend",
    "lossFor",
    "reportNetwork",
  ]);
});

/** What a command printed, whether or not it failed, so that the compiler's words are in the test's. */
function outputOf(run: () => string): string {
  try {
    return run();
  } catch (error) {
    return (error as { stdout?: string }).stdout || String(error);
  }
}
