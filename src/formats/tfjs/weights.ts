import { InputError } from "../../util/errors.ts";
import { elementCount, formatShape } from "../../util/shapes.ts";
import { damagedModel } from "../hdf5/group.ts";
import { joinPieces, type ModelSource } from "../model-files.ts";
import { dtypes } from "../safetensors/dtypes.ts";
import type { WeightGroup, WeightSpec } from "./manifest.ts";

/** Arrays as TensorFlow.js keeps them: the arrays of a group end to end, cut into files without regard to where one ends. */

export interface NamedArray {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** How the numbers of an array lie in the file, and how they become float32. */
interface Encoding {
  readonly bytes: number;
  /** Missing of those that no layer's weight has. */
  readonly read?: (data: DataView, count: number) => Float32Array;
}

/** The arrays of all groups; those of an optimizer and those that are no float32 are left out. */
export async function readArrays(groups: readonly WeightGroup[], source: ModelSource): Promise<NamedArray[]> {
  const arrays: NamedArray[] = [];
  for (const group of groups) arrays.push(...readGroup(group, await bytesOf(group, source)));
  return arrays;
}

async function bytesOf({ paths }: WeightGroup, source: ModelSource): Promise<Uint8Array> {
  const shards: Uint8Array[] = [];
  for (const path of paths) {
    const shard = await source.beside(path);
    if (shard === undefined) {
      const message = `Expected the weights in "${path}" beside the model, found no such file`;
      throw new InputError("model.missing-weights", message);
    }
    shards.push(shard);
  }
  return joinPieces(shards);
}

function readGroup({ paths, weights }: WeightGroup, bytes: Uint8Array): NamedArray[] {
  const encodings = weights.map(encodingOf);
  const lengths = weights.map(({ shape }, i) => elementCount(shape) * encodings[i].bytes);
  const expected = lengths.reduce((sum, length) => sum + length, 0);
  if (expected !== bytes.length) {
    const shapes = weights.slice(0, 3).map(({ name, shape }) => `${name} of ${formatShape(shape)}`);
    const message = `Expected ${expected} bytes in "${paths.join('", "')}" for ${shapes.join(", ")}…, found ${bytes.length}`;
    throw damagedModel(message);
  }
  let end = 0;
  return weights.flatMap(({ name, shape, group }, i): NamedArray[] => {
    const data = new DataView(bytes.buffer, bytes.byteOffset + end, lengths[i]);
    end += lengths[i];
    const { read } = encodings[i];
    return read && group !== "optimizer" ? [{ name, shape, values: read(data, elementCount(shape)) }] : [];
  });
}

const unread: Readonly<Record<string, Encoding>> = {
  int32: { bytes: 4 },
  bool: { bytes: 1 },
  complex64: { bytes: 8 },
};

function encodingOf({ name, dtype, quantization }: WeightSpec): Encoding {
  const encoding = quantization ? quantized(quantization) : dtype === "float32" ? dtypes.F32 : unread[dtype];
  if (encoding) return dtype === "float32" ? encoding : { bytes: encoding.bytes };
  const found = quantization ? `${dtype} as ${quantization.dtype}` : dtype;
  throw new InputError("model.unsupported", `Expected float32 numbers in "${name}", found ${found}`);
}

/** What the converter's `--quantize_…` options leave: `scale` times a whole number, and `min`. */
function quantized({ dtype, scale, min }: NonNullable<WeightSpec["quantization"]>): Encoding | undefined {
  if (dtype === "float16") return dtypes.F16;
  if ((dtype !== "uint8" && dtype !== "uint16") || scale === undefined || min === undefined) return undefined;
  const [bytes, get] = dtype === "uint8" ? ([1, "getUint8"] as const) : ([2, "getUint16"] as const);
  const number = (data: DataView) => (_: unknown, i: number) => data[get](i * bytes, true) * scale + min;
  return { bytes, read: (data, length) => Float32Array.from({ length }, number(data)) };
}
