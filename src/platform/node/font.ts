import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

/** The font that plots are lettered in: DejaVu Sans, from the package, whatever the machine has installed. */
export async function readTextFontFile(): Promise<Uint8Array> {
  const path = createRequire(import.meta.url).resolve(
    "@fontsource/dejavu-sans/files/dejavu-sans-latin-400-normal.woff",
  );
  return new Uint8Array(await readFile(path));
}
