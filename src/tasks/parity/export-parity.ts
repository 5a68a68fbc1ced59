import type { ModelSource } from "../../formats/model-files.ts";
import { InputError } from "../../util/errors.ts";
import type { Classifier } from "../classifier.ts";
import type { Machine } from "../machine.ts";
import type { PhotoSource } from "../predict.ts";
import { type CheckedParity, checkParity, type Parity } from "./check-parity.ts";
import { engineFor } from "./engines.ts";
import { choosePhotos } from "./photos.ts";

/** A file that has been written and does not stand in its place yet. */
export interface ExportedFile {
  readonly classifier: Classifier;
  readonly format: string;
  /** Where it will stand. */
  readonly path: string;
  readonly source: ModelSource;
  /** It takes photos of any size as bytes, and prepares them itself. */
  readonly takesPhotos: boolean;
}

/**
 * What another engine makes of the file.
 * @throws InputError `export.differs` where it is not what Fovea makes of the classifier, `export.no-photos`, `file.…`
 */
export async function checkExport(
  machine: Machine,
  file: ExportedFile,
  named: readonly PhotoSource[] | undefined,
  signal: AbortSignal | undefined,
): Promise<Parity> {
  const engine = engineFor(file.format);
  if (engine === undefined)
    return { status: "not checked", why: `No other engine runs the format ${file.format}` };
  const photos = () => choosePhotos(machine, file.classifier, named, signal);
  const parity = await checkParity(machine, { ...file, engine, photos });
  if (parity.status !== "failed") return parity;
  const record = await keepParity(machine, file, parity);
  throw new InputError(
    "export.differs",
    `${whatDiffers(parity)}. Nothing was written to "${file.path}"; ${whatToDo}`,
    {
      details: { parity, record },
    },
  );
}

const whatToDo = "another format may do, and a report of this, with the model, would help";

function whatDiffers({ engine, images, largestDifference, tolerance, why }: CheckedParity): string {
  const expected = `Expected ${engine.name} ${engine.version} to give the probabilities of the classifier to ${tolerance}`;
  if (why !== undefined) return `${expected}, found that it cannot run the file: ${why.replace(/\.$/, "")}`;
  const found =
    largestDifference === null ? "no numbers" : `a difference of ${largestDifference.toPrecision(2)}`;
  return `${expected}, found ${found} on ${images.count} ${images.origin}`;
}

/** Writes down what was found, with the hash of the file that it was found of, and says where. */
export async function keepParity(
  machine: Machine,
  { path, format, source }: Pick<ExportedFile, "path" | "format" | "source">,
  parity: Parity,
): Promise<string> {
  const place = `${path}.parity.json`;
  const record = {
    file: machine.baseName(path),
    format,
    sha256: await machine.sha256(source.bytes),
    at: machine.now().toISOString(),
    fovea: machine.describe().versions.fovea,
    ...parity,
  };
  await machine.writeFile(place, `${JSON.stringify(record, undefined, 2)}\n`);
  return place;
}
