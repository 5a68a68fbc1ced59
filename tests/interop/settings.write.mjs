// Reads each file that is named and writes it again as .keras and as .h5. settings.check.py begins, for it makes the files: without names
// there is nothing to do.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { alone, sourceOf } from "../../dist/formats/model-files.js";
import { modelFormats, readModelFile } from "../../dist/formats/table.js";

const [, , folder, ...files] = process.argv;
for (const file of files) {
  const model = await readModelFile(alone(readFileSync(join(folder, file))));
  for (const format of modelFormats.filter(({ name }) => name === "keras" || name === "h5")) {
    const { bytes } = await sourceOf(await format.write(model, {}));
    writeFileSync(join(folder, `again-${file}${format.extension}`), bytes);
  }
}
