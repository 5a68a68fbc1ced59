import { elementCount, formatShape } from "../../../util/shapes.ts";
import { halfToFloat } from "../../safetensors/dtypes.ts";
import type { FileTensor } from "./decode.ts";
import { NoEqual } from "./no-equal.ts";

/** Numbers that a graph holds, or that follow from such and from shapes. */
export interface Constant {
  readonly kind: "constant";
  readonly shape: readonly number[];
  /** float32, or whole numbers as float64. */
  readonly values: Float32Array | Float64Array;
}

export const constantOf = (shape: readonly number[], values: Constant["values"]): Constant => ({
  kind: "constant",
  shape,
  values,
});

export const wholeNumbers = (values: readonly number[]): Constant =>
  constantOf([values.length], Float64Array.from(values));

interface Kind {
  readonly name: string;
  readonly bytes: number;
  readonly whole?: true;
  read(data: DataView, at: number): number;
}

/** By TensorProto.DataType. */
const kinds: Readonly<Record<number, Kind>> = {
  1: { name: "float", bytes: 4, read: (data, at) => data.getFloat32(at, true) },
  2: { name: "uint8", bytes: 1, whole: true, read: (data, at) => data.getUint8(at) },
  3: { name: "int8", bytes: 1, whole: true, read: (data, at) => data.getInt8(at) },
  4: { name: "uint16", bytes: 2, whole: true, read: (data, at) => data.getUint16(at, true) },
  5: { name: "int16", bytes: 2, whole: true, read: (data, at) => data.getInt16(at, true) },
  6: { name: "int32", bytes: 4, whole: true, read: (data, at) => data.getInt32(at, true) },
  7: { name: "int64", bytes: 8, whole: true, read: (data, at) => Number(data.getBigInt64(at, true)) },
  9: { name: "bool", bytes: 1, whole: true, read: (data, at) => data.getUint8(at) },
  10: { name: "float16", bytes: 2, read: (data, at) => halfToFloat(data.getUint16(at, true)) },
  11: { name: "double", bytes: 8, read: (data, at) => data.getFloat64(at, true) },
  16: { name: "bfloat16", bytes: 2, read: (data, at) => upperHalf(data.getUint16(at, true)) },
};

/** Whether numbers of this type are whole. */
export const isWhole = (type: number): boolean => kinds[type]?.whole === true;

/** Whether numbers of this type are fractions. */
export const isFloat = (type: number): boolean => kinds[type] !== undefined && !isWhole(type);

/** Types whose numbers, listed, are bits. */
const [HALF, BRAIN] = [10, 16];

/** Of any array; a loop over more could take any time. */
export const MOST_AXES = 8;

/** @throws NoEqual where its numbers are of no use here */
export function readConstant({ name, shape, type, raw, list, external }: FileTensor): Constant {
  if (external)
    throw new NoEqual(`"${name}" lies in another file (external data); save the model as one file`);
  if (shape.length > MOST_AXES) throw new NoEqual(`"${name}" has ${shape.length} axes`);
  const kind = kinds[type];
  if (kind === undefined) throw new NoEqual(`"${name}" holds numbers of type ${type}`);
  const count = elementCount(shape);
  const found = raw ? raw.length / kind.bytes : list.length;
  if (!shape.every((side) => side >= 0) || count !== found) {
    throw new NoEqual(`"${name}" of ${formatShape(shape)} holds ${found} numbers`);
  }
  return constantOf(shape, raw ? fromBytes(kind, raw, count) : fromList(kind, type, list));
}

function fromBytes(kind: Kind, raw: Uint8Array, count: number): Constant["values"] {
  if (kind === kinds[1]) return new Float32Array(raw.slice().buffer as ArrayBuffer); // little-endian, as every machine that runs this is
  const data = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const values = kind.whole ? new Float64Array(count) : new Float32Array(count);
  for (let i = 0; i < count; i++) values[i] = kind.read(data, i * kind.bytes);
  return values;
}

function fromList({ whole }: Kind, type: number, list: readonly number[]): Constant["values"] {
  if (whole) return Float64Array.from(list);
  if (type === HALF) return Float32Array.from(list, halfToFloat);
  return Float32Array.from(list, type === BRAIN ? upperHalf : (value) => value);
}

const bitsOf = new DataView(new ArrayBuffer(4));

/** bfloat16 is the upper half of a float32. */
function upperHalf(bits: number): number {
  bitsOf.setUint16(0, bits);
  bitsOf.setUint16(2, 0);
  return bitsOf.getFloat32(0);
}
