/**
 * Compiles kernels/ to build/native/fovea.node with the machine's C compiler. It runs when the package is installed, so it
 * downloads nothing and never fails the install: without a working compiler it says in one line what is lost.
 * `CC` names another compiler; `FOVEA_SKIP_NATIVE=1` leaves the native backend out.
 */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const kernels = join(root, "kernels");
const output = join(root, "build", "native", "fovea.node");
const compiler = process.env.CC || "cc";

const flags = [
  "-std=c11",
  "-O3",
  "-ffp-contract=fast",
  "-fno-math-errno",
  "-fPIC",
  "-fvisibility=hidden",
  "-w",
];

const instructionSets = {
  x64: {
    baseline: [],
    avx2: ["-mavx2", "-mfma"],
    avx512: "-mavx512f -mavx512vl -mavx512dq -mavx512bw -mfma -mprefer-vector-width=512".split(" "),
  },
  arm64: { baseline: [] },
};

/** Object name -> arguments; operations.c once for each instruction set. */
function compilations() {
  const include = createRequire(import.meta.url)("node-api-headers").include_dir;
  const once = ["addon", "instruction-sets", "program", "threads"].map((name) => [
    name,
    [join(kernels, `${name}.c`), "-isystem", include],
  ]);
  // bit-equal to its TypeScript twin: every operation is rounded by itself
  once.push(["prepare", [join(kernels, "prepare.c"), "-ffp-contract=off"]]);
  const sets = Object.entries(instructionSets[process.arch] ?? { baseline: [] });
  const each = sets.map(([name, options]) => [
    `operations-${name}`,
    [join(kernels, "operations.c"), `-DISA=${name}`, ...options],
  ]);
  return [...each, ...once]; // the longest first
}

const linkFlags = process.platform === "darwin" ? ["-bundle", "-undefined", "dynamic_lookup"] : ["-shared"];
const libraries = process.platform === "darwin" ? [] : ["-lm", "-lpthread", "-ldl"];

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
    const jobs = compilations();
    const object = (name) => join(folder, `${name}.o`);
    await runAll(
      jobs.map(
        ([name, args]) =>
          () =>
            compile([...flags, ...args, "-c", "-o", object(name)]),
      ),
    );
    const library = join(folder, "fovea.node");
    await compile([...linkFlags, "-o", library, ...jobs.map(([name]) => object(name)), ...libraries]);
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
  console.warn(`fovea: no native backend (${error.message}); training will be many times slower.`);
});
