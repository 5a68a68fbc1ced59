import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeEach, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "fovea-build-"));
const output = join(folder, "build", "native", "fovea.node");
afterAll(() => rmSync(folder, { recursive: true }));

/** A copy of what the install script needs, so that the package's own addon is left alone. */
beforeEach(() => {
  rmSync(folder, { recursive: true });
  mkdirSync(join(folder, "scripts"), { recursive: true });
  cpSync(join(root, "kernels"), join(folder, "kernels"), { recursive: true });
  cpSync(join(root, "scripts", "build-native.mjs"), join(folder, "scripts", "build-native.mjs"));
  writeFileSync(join(folder, "package.json"), "{}");
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
});

/** A compiler that is a shell script: what it compiles for, what it writes and how it ends is up to the test. */
function compiler(body: string, target = ""): string {
  const path = join(folder, "compiler");
  const says = `case "$*" in *-dumpmachine) echo ${target}; exit;; esac`;
  writeFileSync(path, `#!/bin/sh\n${says}\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** Writes a line to the file that follows -o. */
const pretending = 'while [ "$1" != -o ]; do shift; done; echo built > "$2"';

function build(environment: Readonly<Record<string, string>>) {
  const env = { ...process.env, ...environment };
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, "scripts/build-native.mjs")], {
    env,
    encoding: "utf8",
  });
  return { status, output: stdout + stderr };
}

describe("build-native", () => {
  it("succeeds without a compiler and says in one line what is lost", () => {
    expect(build({ CC: "no-such-compiler" })).toEqual({
      status: 0,
      output:
        'fovea: no native backend (no C compiler "no-such-compiler" was found); the wasm backend takes its place, a few times slower.\n',
    });
    expect(statSync(output, { throwIfNoEntry: false })).toBeUndefined();
  });

  it("succeeds when the compiler fails, names its first error and leaves nothing behind", () => {
    const CC = compiler("echo 'threads.c:3:1: error: no such thing' >&2; echo more >&2; exit 3");
    const { status, output: said } = build({ CC });
    expect(status).toBe(0);
    expect(said).toMatch(
      /^fovea: no native backend \(".*compiler" ended with status 3: threads\.c:3:1: error: no such thing\); .*\n$/,
    );
    expect(readdirSync(join(folder, "build", "native"))).toEqual([]);
  });

  it("keeps the addon of before when a new one cannot be linked", () => {
    build({ CC: compiler(pretending) });
    const before = new Date(0);
    utimesSync(output, before, before);
    const CC = compiler(`case "$*" in *-shared*|*-bundle*) exit 1;; esac; ${pretending}`);
    expect(build({ CC }).output).toContain("ended with status 1");
    expect(statSync(output).mtime).toEqual(before);
    expect(readdirSync(join(folder, "build", "native"))).toEqual(["fovea.node"]);
  });

  it("compiles once, and again when a source is newer", () => {
    expect(build({ CC: compiler(pretending) })).toEqual({ status: 0, output: "" });
    expect(statSync(output).isFile()).toBe(true);
    const failing = { CC: "no-such-compiler" };
    expect(build(failing)).toEqual({ status: 0, output: "" });
    const later = new Date(Date.now() + 10_000);
    utimesSync(join(folder, "kernels", "vector.h"), later, later);
    expect(build(failing).output).toContain("no native backend");
  });

  it.each([
    ["x86_64-linux-gnu", ["-DISA=avx2", "-DISA=avx512", "-DISA=baseline"], /-shared .* -lpthread/],
    ["aarch64-linux-gnu", ["-DISA=baseline"], /-shared .* -lpthread/],
    ["arm64-apple-darwin24.1.0", ["-DISA=baseline"], /-bundle -undefined dynamic_lookup/],
  ])("compiles for what the compiler does: %s", (target, expected, linked) => {
    const log = join(folder, "calls.txt");
    build({ CC: compiler(`echo "$@" >> "${log}"; ${pretending}`, target), FOVEA_CFLAGS: "-g  -Wall" });
    const calls = readFileSync(log, "utf8").trim().split("\n");
    expect(calls.flatMap((call) => call.match(/-DISA=\w+/) ?? []).sort()).toEqual(expected);
    expect(calls.at(-1)).toMatch(linked);
    for (const call of calls) expect(call).toMatch(/-g -Wall/);
  });

  it("is left out on demand", () => {
    expect(build({ CC: compiler(pretending), FOVEA_SKIP_NATIVE: "1" })).toEqual({ status: 0, output: "" });
    expect(statSync(output, { throwIfNoEntry: false })).toBeUndefined();
  });
});
