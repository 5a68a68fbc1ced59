/**
 * Puts the command, with all that it loads each time, into a few files: dist/cli/bundle/. Node takes as long to find and link two
 * hundred small modules as a prediction takes altogether. dist/cli/main.js then only leads there; the library in dist/ stays as it is.
 */
import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const command = join(root, "dist/cli/main.js");
const folder = join(root, "dist/cli/bundle");

/** A module that looks for a file beside itself must find it from the bundle too. */
const keepPlaces = {
  name: "keep-places",
  transform(code, id) {
    if (!id.startsWith(join(root, "dist")) || !code.includes("import.meta.url")) return null;
    const place = relative(folder, id).split(sep).join("/");
    return code.replaceAll("import.meta.url", `new URL(${JSON.stringify(place)}, import.meta.url).href`);
  },
};

const bundle = await rolldown({
  input: command,
  platform: "node",
  external: ["sharp", "h5wasm"], // with binaries of their own
  plugins: [keepPlaces],
});
rmSync(folder, { recursive: true, force: true });
await bundle.write({ dir: folder, format: "esm", minify: false });
writeFileSync(command, '#!/usr/bin/env node\nimport "./bundle/main.js";\n');
chmodSync(command, 0o755);
