/**
 * Compiles kernels/ to src/backends/wasm/kernels-*.wasm, which are committed, so that an install needs no compiler for them.
 * `--check` compares instead, and fails where the committed files are not what the sources give. The same compiler gives the
 * same bytes on any machine: Debian's packages clang-19 and lld-19. `CLANG` and `WASM_LD` name others.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** What made the committed files. */
const madeBy = "Debian clang version 19.1.7 (3~deb12u1)";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const kernels = join(root, "kernels");
const committed = (variant) => join(root, "src", "backends", "wasm", `kernels-${variant}.wasm`);
const clang = process.env.CLANG || "clang-19";
const linker = process.env.WASM_LD || "wasm-ld-19";

const sources = ["operations", "program", "wasm/exports", "wasm/memory", "wasm/threads"];

const flags = [
  "--target=wasm32-unknown-unknown",
  "-nostdlibinc", // what of the C library is used is in kernels/wasm/include
  ...["-isystem", "wasm/include"],
  "-std=c11",
  "-O3",
  "-ffp-contract=fast",
  "-fno-math-errno",
  "-DISA=wasm",
  ...["-msimd128", "-matomics", "-mbulk-memory", "-mmutable-globals", "-mnontrapping-fptoint", "-msign-ext"],
  "-w",
];

const variants = { simd: [], relaxed: ["-mrelaxed-simd"] };

const linkFlags = [
  "--no-entry",
  "--import-memory",
  "--shared-memory",
  "--max-memory=4294967296",
  "--export=__stack_pointer",
  "--strip-all",
  ...["-z", "stack-size=262144"],
];

function run(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: kernels, stdio: ["ignore", "inherit", "inherit"] });
    child.on("error", (error) =>
      reject(
        new Error(error.code === "ENOENT" ? `Expected the command "${command}", found none` : error.message),
      ),
    );
    child.on("close", (status) =>
      status === 0 ? resolve() : reject(new Error(`"${command}" ended with status ${status}`)),
    );
  });
}

/** The bytes of a module. */
async function build(variant, folder) {
  const object = (source) => join(folder, `${variant}-${basename(source)}.o`);
  await Promise.all(
    sources.map((source) =>
      run(clang, [...flags, ...variants[variant], "-c", `${source}.c`, "-o", object(source)]),
    ),
  );
  const module = join(folder, `${variant}.wasm`);
  await run(linker, [...linkFlags, "-o", module, ...sources.map(object)]);
  return readFileSync(module);
}

function check(variant, bytes) {
  if (readFileSync(committed(variant)).equals(bytes)) return;
  const version = execFileSync(clang, ["--version"], { encoding: "utf8" }).split("\n")[0];
  const cause =
    version === madeBy
      ? "the kernels have changed since: make it anew with npm run build:wasm"
      : `it was made by "${madeBy}", and this is "${version}", which cannot tell`;
  throw new Error(
    `Expected kernels-${variant}.wasm to be what the sources give, found other bytes; ${cause}`,
  );
}

const folder = mkdtempSync(join(tmpdir(), "fovea-wasm-"));
try {
  for (const variant of Object.keys(variants)) {
    const bytes = await build(variant, folder);
    if (process.argv[2] === "--check") check(variant, bytes);
    else writeFileSync(committed(variant), bytes);
  }
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}
