import { expectPlain, type PlainBytes } from "./plain-bytes.ts";

/** Types, shapes and values of attributes and arrays: HDF5 File Format Specification 3.0, IV.A.2. */

export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly start: number;
  readonly length: number;
}

const [SPACE, TYPE, LAYOUT, FILTERS] = [0x01, 0x03, 0x08, 0x0b];
const [INTEGER, FLOAT, TEXT, VARIABLE] = [0, 1, 3, 9];

/** Name of an attribute, and where its parts are: IV.A.2.m. */
export function attributeParts(file: PlainBytes, { start }: Message) {
  const version = file.u8(start);
  expectPlain(version >= 1 && version <= 3 && file.u8(start + 1) === 0, "an attribute of another kind");
  const unit = version === 1 ? 8 : 1;
  const filled = (length: number) => Math.ceil(length / unit) * unit;
  const [nameLength, typeLength, spaceLength] = [2, 4, 6].map((at) => file.u16(start + at));
  const name = start + (version === 3 ? 9 : 8);
  const type = name + filled(nameLength);
  const space = type + filled(typeLength);
  return { name: file.textToZero(name), type, space, values: space + filled(spaceLength) };
}

/** The texts of an attribute. */
export function attributeTexts(
  file: PlainBytes,
  { type, space, values }: ReturnType<typeof attributeParts>,
): string[] {
  const shape = readShape(file, space);
  const count = shape.reduce((product, side) => product * side, 1);
  if (count === 0) return []; // whatever its type: h5py gives an empty list that of numbers
  const size = file.u32(type + 4);
  const kind = file.u8(type) & 15;
  const isVariable = kind === VARIABLE && (file.u8(type + 1) & 15) === 1;
  expectPlain(isVariable ? size === 16 : kind === TEXT, "an attribute that is no text");
  file.slice(values, count * size); // all of it is there
  return Array.from({ length: count }, (_, index) => {
    const at = values + index * size;
    return isVariable ? variableText(file, at) : fixedText(file, at, size, file.u8(type + 1) & 15);
  });
}

/** The text whose length, collection and number there stand at `at`. */
function variableText(file: PlainBytes, at: number): string {
  const length = file.u32(at);
  return length === 0 ? "" : file.keptText(file.u64(at + 4), file.u32(at + 12), length);
}

/** Ended by a zero, or filled up with zeros. */
function fixedText(file: PlainBytes, at: number, size: number, padding: number): string {
  expectPlain(padding <= 1, "a text filled up with spaces");
  const bytes = file.slice(at, size);
  const end = bytes.indexOf(0);
  return file.text(at, end < 0 ? size : end);
}

function readShape(file: PlainBytes, at: number): number[] {
  const [version, rank] = [file.u8(at), file.u8(at + 1)];
  expectPlain(version === 1 || version === 2, "a space of another version");
  if (version === 2 && file.u8(at + 3) === 2) return [0]; // nothing at all
  const sides = at + (version === 1 ? 8 : 4);
  return Array.from({ length: rank }, (_, axis) => file.u64(sides + 8 * axis));
}

/** Numbers in one piece. */
export interface PlainArray {
  readonly shape: number[];
  /** `float` or `integer`, of so many bytes each. */
  readonly kind: "float" | "integer";
  readonly size: number;
  readonly start: number;
  readonly count: number;
}

export function readArrayHeader(file: PlainBytes, messages: readonly Message[]): PlainArray {
  const only = (type: number) => {
    const found = messages.filter((message) => message.type === type);
    expectPlain(found.length === 1 && (found[0].flags & 2) === 0, `${found.length} messages of type ${type}`);
    return found[0].start;
  };
  expectPlain(!messages.some(({ type }) => type === FILTERS), "an array that is packed");
  const [type, layout] = [only(TYPE), only(LAYOUT)];
  const shape = readShape(file, only(SPACE));
  const count = shape.reduce((product, side) => product * side, 1);
  const size = file.u32(type + 4);
  expectPlain(file.u8(layout) === 3 && file.u8(layout + 1) === 1, "an array in several pieces");
  const isFloat = expectNumber(file, type);
  if (count === 0) return { shape, kind: isFloat ? "float" : "integer", size, start: 0, count };
  const start = file.u64(layout + 2);
  expectPlain(file.u64(layout + 10) === count * size, "an array of another length than its shape");
  file.slice(start, count * size);
  return { shape, kind: isFloat ? "float" : "integer", size, start, count };
}

/** Little-endian, IEEE or a whole number with a sign, and all of its bits used. Returns whether it is a float. */
function expectNumber(file: PlainBytes, type: number): boolean {
  const kind = file.u8(type) & 15;
  const [size, bits] = [file.u32(type + 4), file.u16(type + 10)];
  const [order, sign] = [file.u8(type + 1), file.u8(type + 2)];
  expectPlain(file.u16(type + 8) === 0 && bits === 8 * size, "numbers with bits to spare");
  if (kind === INTEGER) expectPlain((order & 1) === 0 && (size === 8 || size === 4), "another whole number");
  else {
    expectPlain(kind === FLOAT && (size === 4 || size === 8), "numbers of another kind");
    const [exponentAt, exponentBits, mantissaAt, mantissaBits] = [12, 13, 14, 15].map((at) =>
      file.u8(type + at),
    );
    const wanted = size === 4 ? [23, 8, 0, 23, 127] : [52, 11, 0, 52, 1023];
    const found = [exponentAt, exponentBits, mantissaAt, mantissaBits, file.u32(type + 16)];
    expectPlain(order === 0x20 && sign === 8 * size - 1 && found.join() === wanted.join(), "another float");
  }
  return kind === FLOAT;
}
