/**
 * Compiles kernels/ to build/native/fovea.node with the machine's C compiler. It runs when the package is installed, so it
 * downloads nothing and never fails the install: without a working compiler it says in one line what is lost.
 * `CC` names another compiler, and what that compiles for is what is built; `FOVEA_CFLAGS` gives it more arguments;
 * `FOVEA_SKIP_NATIVE=1` leaves the native backend out.
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const kernels = join(root, "kernels");
const output = join(root, "build", "native", "fovea.node");
const compiler = process.env.CC || "cc";
const moreFlags = (process.env.FOVEA_CFLAGS ?? "").split(" ").filter((flag) => flag !== "");

const flags = [
  "-std=c11",
  "-O3",
  "-ffp-contract=fast",
  "-fno-math-errno",
  "-fPIC",
  "-fvisibility=hidden",
  ...(moreFlags.length > 0 ? moreFlags : ["-w"]), // no warnings in an install
];

const instructionSets = {
  x86_64: {
    baseline: [],
    avx2: ["-mavx2", "-mfma"],
    avx512: "-mavx512f -mavx512vl -mavx512dq -mavx512bw -mfma -mprefer-vector-width=512".split(" "),
  },
  // scheduled before they are given registers, a tile's values take more of them than there are
  aarch64: { baseline: ["-fno-schedule-insns"] },
};

/** What the compiler compiles for, such as x86_64-linux-gnu or arm64-apple-darwin23; this machine if it does not say. */
function compilerTarget() {
  const options = { encoding: "utf8", timeout: 10_000 };
  const said = spawnSync(compiler, [...moreFlags, "-dumpmachine"], options).stdout?.trim();
  return said || `${process.arch === "x64" ? "x86_64" : process.arch}-${process.platform}`;
}

/** Object name -> arguments; operations.c once for each instruction set. */
function compilations(target) {
  const include = createRequire(import.meta.url)("node-api-headers").include_dir;
  const names = [
    "addon",
    "addon-augment",
    "addon-picture",
    "addon-runs",
    "instruction-sets",
    "jpeg",
    "libvips",
    "program",
    "runs",
    "threads",
    "workers",
  ];
  const once = names.map((name) => [name, [join(kernels, `${name}.c`), "-isystem", include]]);
  // bit-equal to their TypeScript twins: every operation is rounded by itself
  for (const name of ["prepare", "augment", "fingerprint"])
    once.push([name, [join(kernels, `${name}.c`), "-ffp-contract=off"]]);
  const sets = Object.entries(instructionSets[target.split("-")[0]] ?? { baseline: [] });
  const each = sets.map(([name, options]) => [
    `operations-${name}`,
    [join(kernels, "operations.c"), `-DISA=${name}`, ...options],
  ]);
  return [...each, ...once]; // the longest first
}

/** Node's own functions are found in the process that loads the addon, which a Mac's linker has to be told. */
function linkArguments(target, library, objects) {
  if (/darwin|macos/.test(target))
    return ["-bundle", "-undefined", "dynamic_lookup", "-o", library, ...objects];
  return ["-shared", "-o", library, ...objects, "-lm", "-lpthread", "-ldl"];
}

function compile(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(compiler, args, { stdio: ["ignore", "ignore", "pipe"] });
    let errors = "";
    child.stderr.on("data", (chunk) => {
      errors += chunk;
    });
    child.on("error", (error) =>
      reject(new Error(error.code === "ENOENT" ? `no C compiler "${compiler}" was found` : error.message)),
    );
    child.on("close", (status) => (status === 0 ? resolve() : reject(new Error(failure(status, errors)))));
  });
}

function failure(status, errors) {
  const lines = errors.split("\n").filter((line) => line.trim() !== "");
  const telling = lines.find((line) => line.includes("error")) ?? lines[0] ?? "no message";
  return `"${compiler}" ended with status ${status}: ${telling.trim()}`;
}

/** Runs the jobs, as many at a time as there are cores. */
async function runAll(jobs) {
  const waiting = [...jobs];
  const worker = async () => {
    for (let job = waiting.shift(); job; job = waiting.shift()) await job();
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), jobs.length) }, worker));
}

function upToDate() {
  const built = statSync(output, { throwIfNoEntry: false });
  if (!built) return false;
  const sources = [
    fileURLToPath(import.meta.url),
    ...readdirSync(kernels).map((name) => join(kernels, name)),
  ];
  return sources.every((source) => statSync(source).mtimeMs < built.mtimeMs);
}

async function build() {
  mkdirSync(dirname(output), { recursive: true });
  const folder = mkdtempSync(join(dirname(output), "build-"));
  try {
    const target = compilerTarget();
    const jobs = compilations(target);
    const object = (name) => join(folder, `${name}.o`);
    await runAll(
      jobs.map(
        ([name, args]) =>
          () =>
            compile([...flags, ...args, "-c", "-o", object(name)]),
      ),
    );
    const library = join(folder, "fovea.node");
    const objects = jobs.map(([name]) => object(name));
    await compile([...moreFlags, ...linkArguments(target, library, objects)]);
    renameSync(library, output);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function main() {
  if (process.env.FOVEA_SKIP_NATIVE === "1" || upToDate()) return;
  if (process.platform === "win32") throw new Error("it is not built on Windows yet");
  await build();
}

main().catch((error) => {
  console.warn(
    `fovea: no native backend (${error.message}); the wasm backend takes its place, a few times slower.`,
  );
});
