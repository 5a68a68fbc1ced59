/** What tsc leaves undone in dist/: the kernels beside the code that loads them. */
import { copyFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

for (const variant of ["simd", "relaxed"]) {
  const file = join("backends", "wasm", `kernels-${variant}.wasm`);
  copyFileSync(join(root, "src", file), join(root, "dist", file));
}
