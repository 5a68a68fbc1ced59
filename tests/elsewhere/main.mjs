/** Runs the tests of a compiled file whose titles have a text, in this very process: `main.mjs <file> [<text>]`. */
import { runTests } from "vitest";

const [file, text = ""] = process.argv.slice(2);
await import(new URL(file, import.meta.url).href);
process.exitCode = (await runTests(text)) ? 0 : 1;
