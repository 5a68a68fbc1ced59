import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { root } from "../support/source-files.ts";

const readJson = (name: string) => JSON.parse(readFileSync(join(root, name), "utf8"));

/** `resolved` ties an install to the registry that one machine happened to use. */
it("the lock file names no registry", () => {
  const { packages } = readJson("package-lock.json") as { packages: Record<string, { resolved?: string }> };
  const installed = Object.keys(packages).filter((path) => path.startsWith("node_modules/"));
  expect(installed.length).toBeGreaterThan(50);
  expect(installed.filter((path) => packages[path]!.resolved !== undefined)).toEqual([]);
});

it("the lock file is for this package", () => {
  const { name, version, license, dependencies, devDependencies } = readJson("package.json");
  const locked = readJson("package-lock.json").packages[""];
  expect(locked).toMatchObject({ name, version, license, dependencies, devDependencies });
});

it("the package is under the MIT licence, and says so", () => {
  expect(readJson("package.json").license).toBe("MIT");
  expect(readFileSync(join(root, "LICENSE"), "utf8")).toMatch(/MIT License/);
});
