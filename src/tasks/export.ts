import type { WeightRecord } from "../core/description.ts";
import { type Preprocessing, preprocessingSchema } from "../data/preprocessing.ts";
import { type ModelFiles, sourceOf } from "../formats/model-files.ts";
import { isWholeModel, type SavedModel } from "../formats/saved-model.ts";
import { type ModelFormat, modelFormats, type WritingOptions } from "../formats/table.ts";
import { InputError, suggest } from "../util/errors.ts";
import { loadClassifier } from "./classifier.ts";
import type { Machine } from "./machine.ts";
import { checkMayWrite, stageModelFiles } from "./model-source.ts";
import type { Parity } from "./parity/check-parity.ts";
import { checkExport, keepParity } from "./parity/export-parity.ts";
import type { PhotoSource } from "./predict.ts";
import { putWeights } from "./put-weights.ts";

export interface ExportRequest {
  /** A run folder (its best epoch) or a model file. */
  readonly model: string;
  /** A name from `modelFormats`; by default what the ending of `out` says. */
  readonly format?: string | undefined;
  /**
   * The file to write; by default `model` with the format's ending, in the run folder or beside the model file. A format of several
   * files gets a folder for them: this one, where it has not the format's ending.
   */
  readonly out?: string | undefined;
  /** ONNX only: the version of the operator set, 13 to 26; 21 unless told. */
  readonly opset?: number | undefined;
  /** Photos of any size as bytes go in, and are resized and scaled in the model. */
  readonly withPreprocessing?: boolean | undefined;
  /** What the other engine is asked about: photos, and folders, zip and tar files of photos. By default test photos of the run. */
  readonly photos?: readonly PhotoSource[] | undefined;
  /** Write over a file that is there. */
  readonly force?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ExportResult {
  readonly model: string;
  readonly format: string;
  readonly path: string;
  /** Of all files together. */
  readonly bytes: number;
  /** Numbers in the file. */
  readonly parameters: number;
  /** The file was read again, and every weight came back to the bit. Of a format that is written only, or that has other layers, nobody knows. */
  readonly readBack: boolean;
  /** What another engine made of the file. */
  readonly parity: Parity;
  /** Where that is kept. */
  readonly record: string;
  readonly notices: readonly string[];
}

/**
 * Writes a classifier as a file for other tools, with its classes and its preprocessing. Before it takes its place, what can be read
 * is read back, and every weight must come back to the bit; and another engine, where one that can run it is installed, must give
 * the same probabilities. What that engine said is kept beside the file, in `<file>.parity.json`.
 * @throws InputError `export.…` (`export.differs` where another engine does not give the same), `file.exists`, `model.…`, `file.…`
 */
export async function exportModel(machine: Machine, request: ExportRequest): Promise<ExportResult> {
  const format = chooseFormat(request);
  const classifier = await loadClassifier(machine, request.model);
  const { path: model, run, saved, preprocessing, notices } = classifier;
  const path = placeFor(machine, format, request.out, run ?? machine.join(model, ".."));
  await checkMayWrite(machine, path, request.force);
  const { extra: _, ...exported } = saved; // a position in a training run is of no use elsewhere
  const photos = request.withPreprocessing ? preprocessing : undefined;
  const files = await format.write(exported, { opset: request.opset, photos });
  const exact = format.reading?.translates ? undefined : format.reading;
  const readBack = await exact?.read(await sourceOf(files), {});
  if (readBack) {
    const whole = isWholeModel(readBack) ? readBack : putWeights(classifier.model, readBack);
    checkReadBack(whole, exported, photos);
  }
  const staged = await stageModelFiles(machine, path, files, request.force);
  const file = {
    classifier,
    format: format.name,
    path,
    source: staged.source,
    takesPhotos: photos !== undefined,
  };
  const parity = await checkExport(machine, file, request.photos, request.signal).catch(async (error) => {
    await staged.drop();
    throw error;
  });
  await staged.settle();
  const record = await keepParity(machine, file, parity);
  const parameters = exported.weights.reduce((sum, { values }) => sum + values.length, 0);
  const written = { format: format.name, path, bytes: sizeOf(files), parameters };
  return { model, ...written, readBack: readBack !== undefined, parity, record, notices };
}

function placeFor(
  machine: Machine,
  { name, extension, isFolder }: ModelFormat,
  out: string | undefined,
  home: string,
): string {
  if (!isFolder || out?.endsWith(extension)) return out ?? machine.join(home, `model${extension}`);
  return machine.join(out ?? machine.join(home, name), `model${extension}`);
}

function chooseFormat({ format, out, opset, withPreprocessing }: ExportRequest): ModelFormat {
  const names = modelFormats.map(({ name }) => name);
  const found =
    format === undefined ? formatEnding(out ?? "") : modelFormats.find(({ name }) => name === format);
  if (found && opset !== undefined) checkTakes(found, "opset", "--opset");
  if (found && withPreprocessing) checkTakes(found, "photos", "--with-preprocessing");
  if (found) return found;
  const what = format === undefined ? "a format" : `a format, found "${format}"`;
  const hint = format === undefined ? `: ${names.join(", ")}` : `. ${suggest(format, names)}`;
  throw new InputError("export.bad-format", `Expected --format to name ${what}${hint}`);
}

/** Of `x.weights.h5` the longer ending. */
function formatEnding(path: string): ModelFormat | undefined {
  const fitting = modelFormats.filter(({ extension }) => path.endsWith(extension));
  return fitting.toSorted((a, b) => b.extension.length - a.extension.length)[0];
}

function checkTakes(format: ModelFormat, option: keyof WritingOptions, flag: string): void {
  if (format.options?.includes(option)) return;
  const able = modelFormats.filter(({ options }) => options?.includes(option)).map(({ name }) => name);
  const message = `Expected ${flag} with the format ${able.join(" or ")}, found ${format.name}`;
  throw new InputError("option.conflict", message);
}

/** That what was written is not what is read would be a fault of ours, and a file that predicts something else is worse than none. */
function checkReadBack(
  read: Pick<SavedModel, "weights" | "preprocessing">,
  written: SavedModel,
  photos: Preprocessing | undefined,
): void {
  checkSameWeights(read.weights, written.weights);
  if (photos === undefined || read.preprocessing === undefined) return;
  const rule = preprocessingSchema.parse(read.preprocessing);
  const other = Object.entries(photos).find(([name, value]) => rule[name as keyof Preprocessing] !== value);
  if (other)
    throw new Error(`The exported file prepares photos by another ${other[0]} than was written into it`);
}

function sizeOf({ pieces, beside = new Map() }: ModelFiles): number {
  return [pieces, ...beside.values()].flat().reduce((sum, { length }) => sum + length, 0);
}

function checkSameWeights(read: readonly WeightRecord[], written: readonly WeightRecord[]): void {
  const same = read.length === written.length && written.every((record, i) => sameWeight(record, read[i]));
  if (!same) throw new Error("The exported file does not give back the weights that were written into it");
}

function sameWeight(a: WeightRecord, b: WeightRecord): boolean {
  const [left, right] = [bitsOf(a.values), bitsOf(b.values)];
  const names = a.layer === b.layer && a.name === b.name;
  return names && left.length === right.length && left.every((bits, i) => bits === right[i]);
}

const bitsOf = ({ buffer, byteOffset, length }: Float32Array) => new Uint32Array(buffer, byteOffset, length);
