/**
 * Puts the command, with all that a prediction loads, into one file that is required and not imported: dist/cli/bundle/. Node takes as
 * long to find, link and compile two hundred small modules as a prediction takes altogether. The library in dist/ stays as it is.
 *
 *   main.cjs           what `fovea` runs: scripts/start-cli.cjs, which runs
 *   main.js            the command, with what a prediction loads
 *   main.<engine>.code the same, compiled ahead (scripts/compile-cli.mjs)
 *   <name>-<hash>.cjs  what the other commands load when they are asked for
 */
import { chmodSync, copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(root, "dist/cli/bundle");
const inDist = (path) => join(root, "dist", path);
const sharp = join(root, "node_modules/sharp");

/** A module that looks for a file beside itself must find it from the bundle too. */
const keepPlaces = {
  name: "keep-places",
  transform(code, id) {
    if (!id.startsWith(inDist("")) || !code.includes("import.meta.url")) return null;
    const place = JSON.stringify(relative(folder, id).split(sep).join("/"));
    return `import { placeOf } from "\0places";\n${code.replaceAll("import.meta.url", `placeOf(${place})`)}`;
  },
};

/**
 * sharp's JavaScript comes along: of the 35 ms that it takes to load, 30 go to its sixty files. Its binary stays where it is, and
 * where another version of it is installed, that is loaded whole.
 */
const withSharp = {
  name: "with-sharp",
  resolveId: (name, from) => (name === "sharp" && from?.startsWith(inDist("")) ? "\0sharp" : null),
  transform(code, id) {
    if (id === inDist("platform/node/sharp.js")) return code.replace(/^const require = .*$/m, "");
    if (!id.startsWith(sharp)) return null;
    return code.replaceAll(
      /\brequire\((?=["'`](?:@img\/sharp|\.\.\/src\/build))/g,
      'require("\0beside-sharp")(',
    );
  },
};

const { version: sharpVersion } = JSON.parse(readFileSync(join(sharp, "package.json"), "utf8"));
const written = {
  "\0places": `
    import { join } from "node:path";
    import { pathToFileURL } from "node:url";
    export const placeOf = (path) => pathToFileURL(join(__dirname, path)).href;`,
  "\0beside-sharp": `
    const { createRequire } = require("node:module");
    module.exports = createRequire(createRequire(__filename).resolve("sharp"));`,
  "\0sharp": `
    const beside = require("\0beside-sharp");
    const same = beside("../package.json").version === ${JSON.stringify(sharpVersion)};
    module.exports = same ? require(${JSON.stringify(join(sharp, "dist/index.cjs"))}) : beside("./index.cjs");`,
};
const writtenModules = {
  name: "written-modules",
  resolveId: (name) => (Object.hasOwn(written, name) ? name : null),
  load: (id) => written[id] ?? null,
};

const { peerDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

/** With all that they import. */
const loadedFirst = /dist.(?:cli.(?:main|commands.predict)|backends.native.native)\.js$|\0sharp|\0rolldown/;

const bundle = await rolldown({
  input: inDist("cli/main.js"),
  platform: "node",
  external: ["h5wasm", ...Object.keys(peerDependencies)], // it reads files of its own; they need not be there
  plugins: [keepPlaces, withSharp, writtenModules],
  checks: { ineffectiveDynamicImport: false }, // what predict loads is meant to be in one file
});
rmSync(folder, { recursive: true, force: true });
await bundle.write({
  dir: folder,
  format: "cjs",
  entryFileNames: "[name].cjs",
  chunkFileNames: "[name]-[hash].cjs",
  codeSplitting: { groups: [{ name: "main", test: loadedFirst }] },
  minify: { compress: false, mangle: false, codegen: { removeWhitespace: false, asciiOnly: true } }, // a letter is a byte
  comments: { legal: true, annotation: false, jsdoc: false },
});
const main = join(folder, "main.cjs");
const code = readFileSync(main, "utf8").replace(/^#!.*/, "");
const wrapped = `(function (exports, require, module, __filename, __dirname) {${code}\n})`; // as Node wraps what it requires
writeFileSync(join(folder, "main.js"), wrapped);
copyFileSync(join(root, "scripts/start-cli.cjs"), main);
chmodSync(main, 0o755);
