/** What the benchmarks share: the peer's Python, the photos, medians and tables. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

/** Of all sides, unless --threads says otherwise. */
export const defaultThreads = availableParallelism();

const resultPath = (name) => join(root, `build/bench/${name}.json`);

/** Keeps a benchmark's document, for `npm run bench -- tables`. */
export function saveResult(name, result) {
  mkdirSync(join(root, "build/bench"), { recursive: true });
  writeFileSync(resultPath(name), JSON.stringify(result, null, 2));
}

/** What was kept, or undefined. */
export function readResult(name) {
  return existsSync(resultPath(name)) ? JSON.parse(readFileSync(resultPath(name), "utf8")) : undefined;
}

/** Ends the benchmark with one line. */
export function refuse(message) {
  console.error(message);
  process.exit(2);
}

/** The Python that has TensorFlow: FOVEA_BENCH_PYTHON, or what setup.sh made. */
export function peerPython() {
  const python = process.env.FOVEA_BENCH_PYTHON ?? join(root, ".venv-bench/bin/python");
  if (!existsSync(python)) {
    refuse(`Expected a Python with TensorFlow, found none at ${python}. Run: sh bench/setup.sh`);
  }
  return python;
}

/** A folder of FOVEA_DATA (default ../shared/data beside the repository), read once so that no run pays for the disk. */
export function warmPhotos(name) {
  const data = resolve(root, process.env.FOVEA_DATA ?? "../shared/data");
  const folder = join(data, name);
  if (!existsSync(folder)) {
    refuse(
      `Expected the photos in ${folder}, found no such folder. Set FOVEA_DATA to the folder that holds ${name}/`,
    );
  }
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  for (const file of files) readFileSync(join(file.parentPath, file.name));
  return { folder, count: files.length };
}

export function builtFile(path) {
  const file = join(root, "dist", path);
  if (!existsSync(file)) refuse(`Expected the built ${file}, found nothing. Run: npm run build`);
  return file;
}

export function machine() {
  const fovea = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version;
  return {
    processor: cpus()[0]?.model ?? "unknown",
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${process.arch}`,
    node: process.version,
    fovea,
    commit: commit(),
  };
}

function commit() {
  try {
    const git = (...words) =>
      execFileSync("git", ["-C", root, ...words], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      }).trim();
    return (
      git("rev-parse", "--short", "HEAD") +
      (git("status", "--porcelain", "-uno") === "" ? "" : " with changes")
    );
  } catch {
    return "unknown";
  }
}

export function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, min: sorted[0], max: sorted.at(-1), runs: sorted.length };
}

/** "12.3 (11.9 to 12.8)" */
export function written({ median, min, max }, digits) {
  const number = (value) => value.toFixed(digits);
  return `${number(median)} (${number(min)} to ${number(max)})`;
}

export function printTable(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => String(row[column]).length)));
  for (const row of rows) {
    console.log(
      row
        .map((cell, column) => String(cell).padEnd(widths[column]))
        .join("  ")
        .trimEnd(),
    );
  }
}

export function printMachine(facts) {
  console.log(
    Object.entries(facts)
      .map(([name, value]) => `${name}: ${value}`)
      .join("\n"),
  );
}

/** A whole number of at least 1 from the command line, or the default. */
export function countOption(text, name, fallback) {
  if (text === undefined) return fallback;
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1)
    refuse(`Expected --${name} to be a whole number from 1, found "${text}"`);
  return count;
}
