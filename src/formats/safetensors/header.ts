import { z } from "zod";
import { InputError } from "../../util/errors.ts";
import { elementCount, formatShape } from "../../util/shapes.ts";
import { damagedModel } from "../hdf5/group.ts";
import { parseJson } from "../keras/config-schema.ts";
import { headerLength, LENGTH_BYTES } from "./beginning.ts";
import { dtypes } from "./dtypes.ts";
import { repeatedKey } from "./repeated-key.ts";

/**
 * The beginning of a safetensors file (https://github.com/huggingface/safetensors, "Format"): eight bytes with the length of a JSON
 * header, little-endian, and the header; behind it the data, every byte of which belongs to one tensor.
 */

/** The reference implementation takes 100 MB; a classifier has kilobytes. */
const LONGEST_HEADER = 10_000_000;

/** A tensor of a file: its place is in bytes from the start of the data. */
export interface TensorPlace {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface Header {
  /** As they lie in the data. */
  readonly tensors: readonly TensorPlace[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Where the data begins in the file. */
  readonly dataStart: number;
}

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const tensorSchema = z.object({
  dtype: z.string(),
  shape: z.array(count).max(8),
  data_offsets: z.tuple([count, count]),
});
const headerSchema = z.record(z.string(), tensorSchema);
const metadataSchema = z.record(z.string(), z.string()).default({});

/** @throws InputError `model.truncated`, `model.damaged` */
export function readHeader(bytes: Uint8Array): Header {
  const { json, dataStart } = headerText(bytes);
  const header = parseJson(json, "the header");
  const repeated = repeatedKey(json);
  if (repeated !== undefined)
    throw damagedModel(`Expected each name once in the header, found "${repeated}" twice`);
  const { __metadata__: given, ...described } = check(z.record(z.string(), z.unknown()), header);
  const metadata = check(metadataSchema, given);
  const tensors = Object.entries(check(headerSchema, described)).map(
    ([name, { dtype, shape, data_offsets }]) => ({
      name,
      dtype,
      shape,
      begin: data_offsets[0],
      end: data_offsets[1],
    }),
  );
  tensors.sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkPlaces(tensors, bytes.length - dataStart);
  return { tensors, metadata, dataStart };
}

function headerText(bytes: Uint8Array): { json: string; dataStart: number } {
  if (bytes.length < LENGTH_BYTES) throw cutShort(`${LENGTH_BYTES} bytes`, bytes);
  const length = headerLength(bytes);
  if (length > LONGEST_HEADER) {
    throw damagedModel(`Expected a header of at most ${LONGEST_HEADER} bytes, found one that says ${length}`);
  }
  const dataStart = LENGTH_BYTES + Number(length);
  if (bytes.length < dataStart) throw cutShort(`a header up to byte ${dataStart}`, bytes);
  try {
    const text = new TextDecoder("utf-8", { fatal: true });
    return { json: text.decode(bytes.subarray(LENGTH_BYTES, dataStart)), dataStart };
  } catch {
    throw damagedModel("Expected a header in UTF-8, found other bytes");
  }
}

function cutShort(expected: string, bytes: Uint8Array) {
  return new InputError(
    "model.truncated",
    `Expected ${expected}, found a file cut short after ${bytes.length}`,
  );
}

function check<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const checked = schema.safeParse(value);
  if (checked.success) return checked.data;
  throw damagedModel(`Expected the header of a safetensors file, found: ${z.prettifyError(checked.error)}`);
}

/** One behind the other, without gaps, to the end of the file; and each as long as its shape. */
function checkPlaces(tensors: readonly TensorPlace[], dataBytes: number): void {
  let end = 0;
  for (const { name, dtype, shape, begin, end: tensorEnd } of tensors) {
    const dtypeBytes = dtypes[dtype]?.bytes;
    if (dtypeBytes === undefined) {
      const known = Object.keys(dtypes).join(", ");
      throw new InputError("model.unsupported", `Expected numbers of ${known}, found ${dtype} in "${name}"`);
    }
    if (begin !== end)
      throw damagedModel(`Expected "${name}" to begin at byte ${end} of the data, found ${begin}`);
    if (elementCount(shape) * dtypeBytes !== tensorEnd - begin) {
      const found = `${tensorEnd - begin} bytes`;
      throw damagedModel(`Expected ${formatShape(shape)} numbers of ${dtype} in "${name}", found ${found}`);
    }
    end = tensorEnd;
  }
  if (end > dataBytes) {
    throw new InputError(
      "model.truncated",
      `Expected ${end} bytes of data, found a file cut short after ${dataBytes}`,
    );
  }
  if (end < dataBytes) throw damagedModel(`Expected ${end} bytes of data, found ${dataBytes}`);
}
