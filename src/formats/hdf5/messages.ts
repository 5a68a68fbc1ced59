import type { ByteWriter } from "./bytes.ts";
import type { ArrayValues, AttributeValue, NewArray } from "./tree.ts";

/** Object headers and their messages, as the HDF5 File Format Specification 3.0 has them in IV.A. */

/** Keeps a text for later; its address is to be put at `position`, and behind it its number there. */
export type KeepText = (text: Uint8Array, position: number) => void;

/** Keeps an array for later; its address is to be put at `position`. */
export type KeepArray = (values: ArrayValues, position: number) => void;

/** The address of a group, its tree and its names. */
export interface GroupPlace {
  readonly header: number;
  readonly tree: number;
  readonly heap: number;
}

export function writeGroupHeader(
  out: ByteWriter,
  { tree, heap }: Pick<GroupPlace, "tree" | "heap">,
  attributes: ReadonlyMap<string, AttributeValue>,
  keep: KeepText,
): number {
  return writeHeader(out, [
    message(out, 0x11, () => out.u64(tree, heap)),
    ...[...attributes].map(([name, value]) =>
      message(out, 0x0c, () => writeAttribute(out, name, value, keep)),
    ),
  ]);
}

export function writeArrayHeader(out: ByteWriter, { shape, values }: NewArray, keep: KeepArray): number {
  const constant = 1;
  return writeHeader(out, [
    message(out, 0x01, () => writeSpace(out, shape)),
    message(out, 0x03, () => writeNumberType(out, values), constant),
    message(out, 0x05, () => out.u8(2, 2, 2, 1, 0, 0, 0, 0), constant), // nothing but zeros is filled in
    message(out, 0x08, () => {
      out.u8(3, 1); // in one piece
      if (values.byteLength > 0) keep(values, out.length);
      out.nowhere();
      out.u64(values.byteLength);
    }),
  ]);
}

/** An object header of version 1. Returns its address. */
function writeHeader(out: ByteWriter, messages: readonly (() => void)[]): number {
  const address = out.length;
  out.u8(1, 0);
  out.u16(messages.length);
  out.u32(1); // names that lead here
  out.u32(0); // bytes of the messages
  out.u32(0);
  const start = out.length;
  for (const write of messages) write();
  out.setU32(address + 8, out.length - start);
  return address;
}

function message(out: ByteWriter, type: number, write: () => void, flags = 0): () => void {
  return () => {
    const start = out.length + 8;
    out.u16(type);
    out.u16(0);
    out.u8(flags, 0, 0, 0);
    write();
    out.align(8);
    out.setU16(start - 6, out.length - start);
  };
}

/** IV.A.2.m, version 1: name, type and space are each filled up to eight bytes. */
function writeAttribute(out: ByteWriter, name: string, value: AttributeValue, keep: KeepText): void {
  const start = out.length;
  const nameBytes = new TextEncoder().encode(`${name}\0`);
  const texts = typeof value === "string" ? [value] : value;
  out.u8(1, 0);
  out.u16(nameBytes.length);
  out.u16(0);
  out.u16(0);
  out.raw(nameBytes);
  out.align(8);
  out.setU16(
    start + 4,
    sized(out, () => (texts.length === 0 ? writeFloatType(out, 8) : writeTextType(out))),
  );
  out.setU16(
    start + 6,
    sized(out, () => writeSpace(out, typeof value === "string" ? [] : [texts.length])),
  );
  for (const text of texts) {
    const bytes = new TextEncoder().encode(text);
    out.u32(bytes.length);
    if (bytes.length > 0) keep(bytes, out.length);
    out.zeros(12); // where it is
  }
}

/** How many bytes `write` writes; then fills up to eight. */
function sized(out: ByteWriter, write: () => void): number {
  const start = out.length;
  write();
  const size = out.length - start;
  out.align(8);
  return size;
}

/** IV.A.2.b, version 1 */
function writeSpace(out: ByteWriter, shape: readonly number[]): void {
  out.u8(1, shape.length, 0, 0, 0, 0, 0, 0);
  out.u64(...shape);
}

/** Texts of variable length in UTF-8: IV.A.2.d, class 9, over bytes. */
function writeTextType(out: ByteWriter): void {
  out.u8(0x19, 0x01, 0x01, 0x00);
  out.u32(16);
  out.u8(0x10, 0, 0, 0);
  out.u32(1);
  out.u16(0);
  out.u16(8);
}

function writeNumberType(out: ByteWriter, values: ArrayValues): void {
  if (values instanceof Float32Array) writeFloatType(out, 4);
  else writeInt64Type(out);
}

/** IEEE, little-endian: where the sign is, then the exponent and the mantissa, and what the exponent is counted from. */
function writeFloatType(out: ByteWriter, bytes: 4 | 8): void {
  const [exponentBits, mantissaBits, bias] = bytes === 4 ? [8, 23, 127] : [11, 52, 1023];
  out.u8(0x11, 0x20, 8 * bytes - 1, 0);
  out.u32(bytes);
  out.u16(0);
  out.u16(8 * bytes);
  out.u8(mantissaBits, exponentBits, 0, mantissaBits);
  out.u32(bias);
}

function writeInt64Type(out: ByteWriter): void {
  out.u8(0x10, 0x08, 0, 0);
  out.u32(8);
  out.u16(0);
  out.u16(64);
}
