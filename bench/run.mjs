/** `npm run bench [-- report-job | training-step [options]]`: one benchmark, or both with their defaults. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { refuse, root } from "./support.mjs";

const benchmarks = ["training-step", "report-job"];
const [name, ...words] = process.argv.slice(2);
if (name !== undefined && !benchmarks.includes(name)) {
  refuse(`Expected one of ${benchmarks.join(", ")}, found "${name}"`);
}
for (const benchmark of name === undefined ? benchmarks : [name]) {
  console.log(`== ${benchmark}\n`);
  const { status } = spawnSync(process.execPath, [join(root, `bench/${benchmark}.mjs`), ...words], {
    stdio: "inherit",
  });
  if (status !== 0) process.exit(status ?? 1);
  console.log();
}
