import { InputError } from "../util/errors.ts";
import { readKerasH5, writeKerasH5 } from "./keras/h5.ts";
import type { PhotoInput } from "./onnx/photos.ts";
import type { SavedModel } from "./saved-model.ts";

/** A kind of model file. */
export interface ModelFormat {
  /** As `--format` takes it. */
  readonly name: string;
  readonly extension: string;
  /** In a few words, for help. */
  readonly what: string;
  /** Missing where such files are written only. */
  readonly reading?: {
    /** The first bytes of every such file. */
    readonly signature: readonly number[];
    /** @throws InputError `model.…` */
    read(bytes: Uint8Array): Promise<SavedModel>;
  };
  /**
   * The bytes, in pieces that lie one behind the other. The model must not change until they have been used.
   * @throws InputError `export.…`
   */
  write(model: SavedModel, options: WritingOptions): Promise<readonly Uint8Array[]>;
}

/** What some formats can be asked for. */
export interface WritingOptions {
  /** ONNX: the version of the operator set. */
  readonly opset?: number | undefined;
  /** ONNX: begin with photos of any size. */
  readonly photos?: PhotoInput | undefined;
}

export const modelFormats: readonly ModelFormat[] = [
  {
    name: "keras",
    extension: ".keras",
    what: "Keras 3",
    reading: {
      signature: [0x50, 0x4b],
      read: async (bytes) => (await import("./keras/archive.ts")).readKerasArchive(bytes),
    },
    write: async (model) => [await (await import("./keras/archive.ts")).writeKerasArchive(model)],
  },
  {
    name: "h5",
    extension: ".h5",
    what: "Keras 2, and Keras 3",
    reading: {
      signature: [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a],
      read: readKerasH5, // what a run holds: always at hand
    },
    write: async (model) => writeKerasH5(model),
  },
  {
    name: "onnx",
    extension: ".onnx",
    what: "ONNX Runtime and others",
    write: async (model, options) => [(await import("./onnx/write.ts")).writeOnnx(model, options)],
  },
];

/** For messages: ".keras or .h5". */
export const modelExtensions = modelFormats
  .flatMap(({ extension, reading }) => (reading ? extension : []))
  .join(" or ");

/**
 * The model in a file of any known format, whatever its name.
 * @throws InputError `model.empty-file`, `model.unknown-format` and those of the format
 */
export async function readModelFile(bytes: Uint8Array): Promise<SavedModel> {
  if (bytes.length === 0) throw new InputError("model.empty-file", "Expected a model, found an empty file");
  const format = modelFormats.find(({ reading }) => reading && begins(bytes, reading.signature));
  if (format?.reading) return format.reading.read(bytes);
  const message = `Expected a model file (${modelExtensions}), found another format`;
  throw new InputError("model.unknown-format", message);
}

/** So far as the bytes reach: of a file that is cut short its format says so. */
function begins(bytes: Uint8Array, signature: readonly number[]): boolean {
  return signature.every((byte, i) => i >= bytes.length || bytes[i] === byte);
}
