// Reads the network that tests/fixtures/keras/graph_run.py made and writes it anew, for graph_model.check.py.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeKerasArchive } from "../../dist/formats/keras/archive.js";
import { readKerasH5, writeKerasH5 } from "../../dist/formats/keras/h5.js";
import { writeWeightsH5 } from "../../dist/formats/keras/loose-weights.js";

const fixture = new URL("../fixtures/keras/graph-run.h5", import.meta.url);
const model = await readKerasH5(new Uint8Array(readFileSync(fixture)));
writeFileSync(join(process.argv[2], "graph.h5"), Buffer.concat(writeKerasH5(model)));
writeFileSync(join(process.argv[2], "graph.keras"), await writeKerasArchive(model));
writeFileSync(join(process.argv[2], "graph.weights.h5"), Buffer.concat(writeWeightsH5(model)));
