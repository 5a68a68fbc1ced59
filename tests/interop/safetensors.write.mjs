// Writes the trained graph of the fixtures as safetensors; with a second name, says what the file of that name holds.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { alone } from "../../dist/formats/model-files.js";
import { writeSafetensors } from "../../dist/formats/safetensors/write.js";
import { readModelFile, readWeightsFile } from "../../dist/formats/table.js";

const [, , folder, theirs] = process.argv;

if (theirs === undefined) {
  const graph = readFileSync(new URL("../fixtures/keras/graph-run.h5", import.meta.url));
  const model = { ...(await readModelFile(alone(graph))), classes: ["a", "très b", "c"] };
  writeFileSync(join(folder, "graph.safetensors"), Buffer.concat(writeSafetensors(model)));
} else {
  const { weights } = await readWeightsFile(alone(readFileSync(join(folder, theirs))));
  const asArrays = (_key, value) => (value instanceof Float32Array ? [...value] : value);
  process.stdout.write(JSON.stringify(weights, asArrays));
}
