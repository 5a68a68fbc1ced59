/** `npm run bench [-- <benchmark> [options]]`: one benchmark, or all with their defaults; `tables` prints what they kept. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { refuse, root } from "./support.mjs";

const benchmarks = [
  "training-step",
  "inference",
  "predict",
  "report-job",
  "loading",
  "feeding",
  "photo-cache",
  "kernels",
  "near-duplicates",
  "event-loop",
  "browser-step",
];
const [name, ...words] = process.argv.slice(2);
if (name !== undefined && ![...benchmarks, "tables"].includes(name)) {
  refuse(`Expected one of ${benchmarks.join(", ")} or tables, found "${name}"`);
}
for (const benchmark of name === undefined ? benchmarks : [name]) {
  if (name === undefined) console.log(`== ${benchmark}\n`);
  const { status } = spawnSync(process.execPath, [join(root, `bench/${benchmark}.mjs`), ...words], {
    stdio: "inherit",
  });
  if (status !== 0) process.exit(status ?? 1);
  if (name === undefined) console.log();
}
