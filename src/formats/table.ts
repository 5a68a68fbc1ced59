import { InputError } from "../util/errors.ts";
import { readKerasHdf5, writeKerasH5 } from "./keras/h5.ts";
import type { ModelFiles, ModelSource } from "./model-files.ts";
import { beginsAsOnnx } from "./onnx/beginning.ts";
import type { PhotoInput } from "./photo-input.ts";
import { beginsAsSafetensors } from "./safetensors/beginning.ts";
import { isWholeModel, type LooseWeights, type SavedModel } from "./saved-model.ts";
import { beginsAsJson } from "./tfjs/beginning.ts";

/** A kind of model file. */
export interface ModelFormat {
  /** As `--format` takes it. */
  readonly name: string;
  readonly extension: string;
  /** It is several files, which go into a folder of their own. */
  readonly isFolder?: boolean;
  /** What it can be asked for; nothing where that is missing. */
  readonly options?: readonly (keyof WritingOptions)[];
  /** In a few words, for help. */
  readonly what: string;
  /** Missing where such files are written only. */
  readonly reading?: {
    /** By its first bytes, so far as they reach: of a file that is cut short its format says so. Formats are asked in their order. */
    recognises(bytes: Uint8Array): boolean;
    /** What is read does the same in layers and weights that may be others than those written. */
    readonly translates?: true;
    /** @throws InputError `model.…` */
    read(source: ModelSource, options: ReadingOptions): Promise<SavedModel | LooseWeights>;
  };
  /**
   * Pieces may be the model's own memory, which must not change until they have been used.
   * @throws InputError `export.…`
   */
  write(model: SavedModel, options: WritingOptions): Promise<ModelFiles>;
}

/** What some files leave open. */
export interface ReadingOptions {
  /** Side in pixels of the images. */
  readonly imageSize?: number | undefined;
}

/** What some formats can be asked for. */
export interface WritingOptions {
  /** ONNX: the version of the operator set. */
  readonly opset?: number | undefined;
  /** Begin with photos of any size. */
  readonly photos?: PhotoInput | undefined;
}

/** What a run holds is HDF5: always at hand. */
const hdf5: ModelFormat["reading"] = {
  recognises: begins(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a),
  read: ({ bytes }) => readKerasHdf5(bytes),
};

export const modelFormats: readonly ModelFormat[] = [
  {
    name: "keras",
    extension: ".keras",
    what: "Keras 3",
    reading: {
      recognises: begins(0x50, 0x4b),
      read: async ({ bytes }) => (await import("./keras/archive.ts")).readKerasArchive(bytes),
    },
    options: ["photos"],
    write: async (model, { photos }) => ({
      pieces: [await (await import("./keras/archive.ts")).writeKerasArchive(model, photos)],
    }),
  },
  {
    name: "h5",
    extension: ".h5",
    what: "Keras 2, and Keras 3",
    reading: hdf5,
    options: ["photos"],
    write: async (model, { photos }) => ({ pieces: writeKerasH5(model, photos) }),
  },
  {
    name: "weights.h5",
    extension: ".weights.h5",
    what: "weights alone, for Keras's load_weights",
    reading: hdf5,
    write: async (model) => ({
      pieces: (await import("./keras/loose-weights.ts")).writeWeightsH5(model),
    }),
  },
  {
    name: "onnx",
    extension: ".onnx",
    what: "ONNX Runtime, PyTorch and others",
    reading: {
      recognises: beginsAsOnnx,
      translates: true,
      read: async ({ bytes }, options) => (await import("./onnx/read.ts")).readOnnx(bytes, options),
    },
    options: ["opset", "photos"],
    write: async (model, options) => ({
      pieces: [(await import("./onnx/write.ts")).writeOnnx(model, options)],
    }),
  },
  {
    name: "safetensors",
    extension: ".safetensors",
    what: "the weights, for what reads them by name",
    reading: {
      recognises: beginsAsSafetensors,
      read: async ({ bytes }) => (await import("./safetensors/read.ts")).readSafetensors(bytes),
    },
    write: async (model) => ({
      pieces: (await import("./safetensors/write.ts")).writeSafetensors(model),
    }),
  },
  {
    name: "tfjs",
    extension: ".json",
    isFolder: true,
    what: "TensorFlow.js layers model: a folder with model.json",
    reading: {
      recognises: beginsAsJson,
      read: async (source) => (await import("./tfjs/read.ts")).readTfjs(source),
    },
    write: async (model) => (await import("./tfjs/write.ts")).writeTfjs(model),
  },
];

/** For messages: ".keras or .h5". */
export const modelExtensions = modelFormats
  .flatMap(({ extension, reading }) => (reading && extension !== ".weights.h5" ? extension : []))
  .join(" or ");

/**
 * The model in a file of any known format, whatever its name.
 * @throws InputError `model.only-weights` and those of `readWeightsFile`
 */
export async function readModelFile(source: ModelSource, options: ReadingOptions = {}): Promise<SavedModel> {
  const read = await readWeightsFile(source, options);
  if (isWholeModel(read)) return read;
  const message = `Expected a whole model, found ${read.weights.length} arrays of weights without their network: fovea import with --network puts them into one`;
  throw new InputError("model.only-weights", message);
}

/**
 * The same, or weights alone where a file has no more than that.
 * @throws InputError `model.empty-file`, `model.unknown-format` and those of the format
 */
export async function readWeightsFile(
  source: ModelSource,
  options: ReadingOptions = {},
): Promise<SavedModel | LooseWeights> {
  if (source.bytes.length === 0)
    throw new InputError("model.empty-file", "Expected a model, found an empty file");
  const format = modelFormats.find(({ reading }) => reading?.recognises(source.bytes));
  if (format?.reading) return format.reading.read(source, options);
  const message = `Expected a model file (${modelExtensions}), found another format`;
  throw new InputError("model.unknown-format", message);
}

function begins(...signature: readonly number[]): (bytes: Uint8Array) => boolean {
  return (bytes) => signature.every((byte, i) => i >= bytes.length || bytes[i] === byte);
}
