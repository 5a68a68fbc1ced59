import protobuf from "protobufjs/minimal.js"; // the part that generates no code at run time

/** Protocol buffers as they lie in bytes: a field's number and kind, then its value. */

export const varint = 0;
export const fixed64 = 1;
export const lengthDelimited = 2;

/** What stands before a field in a message: its number and how long it is. */
export function field(number: number, wireType: number): number {
  return (number << 3) | wireType;
}

export interface Field {
  readonly number: number;
  readonly value: number | Uint8Array;
}

/** The fields of a message whose numbers are doubles or varints. */
export function readFields(message: Uint8Array): Field[] {
  const reader = protobuf.Reader.create(message);
  const fields: Field[] = [];
  while (reader.pos < reader.len) {
    const key = reader.uint32();
    const wireType = key & 7;
    const value =
      wireType === varint ? Number(reader.int64()) : wireType === fixed64 ? reader.double() : reader.bytes();
    fields.push({ number: key >>> 3, value });
  }
  return fields;
}
