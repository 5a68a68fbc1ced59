/** The kinds of numbers that are taken as float32, by their names in the format. */

interface Dtype {
  readonly bytes: number;
  /** `data` begins at the first number; numbers are little-endian. */
  read(data: DataView, count: number): Float32Array;
}

const numbers = (count: number, read: (index: number) => number) =>
  Float32Array.from({ length: count }, (_, index) => read(index));

export const dtypes: Readonly<Record<string, Dtype>> = {
  F64: { bytes: 8, read: (data, count) => numbers(count, (i) => data.getFloat64(8 * i, true)) },
  F32: { bytes: 4, read: readFloat32 },
  F16: { bytes: 2, read: (data, count) => numbers(count, (i) => halfToFloat(data.getUint16(2 * i, true))) },
  BF16: { bytes: 2, read: readBrainFloat },
};

/** In place where they lie on a boundary, as in our own files. */
function readFloat32(data: DataView, count: number): Float32Array {
  const { buffer, byteOffset } = data;
  if (byteOffset % 4 === 0) return new Float32Array(buffer as ArrayBuffer, byteOffset, count);
  return new Float32Array(buffer.slice(byteOffset, byteOffset + 4 * count) as ArrayBuffer);
}

/** The upper half of a float32. */
function readBrainFloat(data: DataView, count: number): Float32Array {
  const bits = Uint32Array.from({ length: count }, (_, i) => data.getUint16(2 * i, true) * 0x10000);
  return new Float32Array(bits.buffer);
}

/** IEEE 754 binary16: a sign, 5 bits of exponent, 10 of fraction. */
export function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
