import protobuf from "protobufjs/minimal.js"; // the part that generates no code at run time
import { InputError } from "../../../util/errors.ts";

/**
 * The messages of an ONNX file (onnx.proto, ONNX 1.20) as far as a classifier has them, as they are read. Numbers of tensors stay
 * the file's bytes until somebody asks for them.
 */

export interface FileTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** TensorProto.DataType */
  readonly type: number;
  /** Little-endian, or undefined where the numbers are a list. */
  readonly raw?: Uint8Array;
  readonly list: readonly number[];
  /** The numbers lie in another file. */
  readonly external: boolean;
}

export interface FileAttribute {
  readonly name: string;
  readonly float: number;
  readonly int: number;
  readonly text: string;
  readonly tensor?: FileTensor;
  readonly floats: readonly number[];
  readonly ints: readonly number[];
}

export interface FileNode {
  readonly operator: string;
  readonly domain: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, FileAttribute>;
}

export interface FilePort {
  readonly name: string;
  readonly type: number;
  /** Undefined where a side is open. */
  readonly shape: readonly (number | undefined)[];
}

export interface FileModel {
  readonly producer: string;
  readonly name: string;
  readonly opset: number;
  readonly nodes: readonly FileNode[];
  readonly tensors: readonly FileTensor[];
  readonly inputs: readonly FilePort[];
  readonly outputs: readonly FilePort[];
  readonly metadata: Readonly<Record<string, string>>;
}

type Reader = protobuf.Reader;
type Fields = Readonly<Record<number, (reader: Reader, wireType: number) => void>>;

/** A length and so many bytes. */
const BYTES = 2;
/** Ends of groups, which ONNX does not have. */
const GROUPS = [3, 4];

const MOST_ITEMS = 50_000;
const MOST_ATTRIBUTES = 100;

/** The names of ONNX's own operators. */
const ownDomains = ["", "ai.onnx"];

/** @throws InputError `model.damaged` */
export function decodeOnnx(bytes: Uint8Array): FileModel {
  try {
    const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length); // a Buffer's slices are no copies
    return readModel(protobuf.Reader.create(plain));
  } catch (cause) {
    const found = cause instanceof Error ? cause.message : String(cause);
    throw new InputError(
      "model.damaged",
      `Expected a whole ONNX file, found one that ends or errs: ${found}`,
      {
        cause,
      },
    );
  }
}

function readModel(reader: Reader): FileModel {
  let [producer, opset] = ["", 0];
  let graph: ReturnType<typeof readGraph> | undefined;
  const metadata: Record<string, string> = Object.create(null);
  readFields(reader, {
    2: (r) => {
      producer = r.string();
    },
    7: (r) => {
      graph = readGraph(part(r));
    },
    8: (r) => {
      const { domain, version } = readOperatorSet(part(r));
      if (ownDomains.includes(domain)) opset = version;
    },
    14: (r) => {
      const { key, value } = readPair(part(r));
      metadata[key] = value;
    },
  });
  if (graph === undefined) throw new Error("no graph");
  return { producer, opset, ...graph, metadata };
}

function readOperatorSet(reader: Reader) {
  let [domain, version] = ["", 0];
  readFields(reader, {
    1: (r) => {
      domain = r.string();
    },
    2: (r) => {
      version = whole(r);
    },
  });
  return { domain, version };
}

function readPair(reader: Reader) {
  let [key, value] = ["", ""];
  readFields(reader, {
    1: (r) => {
      key = r.string();
    },
    2: (r) => {
      value = r.string();
    },
  });
  return { key, value };
}

function readGraph(reader: Reader) {
  const nodes: FileNode[] = [];
  const tensors: FileTensor[] = [];
  const inputs: FilePort[] = [];
  const outputs: FilePort[] = [];
  let name = "";
  readFields(reader, {
    1: (r) => push(nodes, readNode(part(r))),
    2: (r) => {
      name = r.string();
    },
    5: (r) => push(tensors, readTensor(part(r))),
    11: (r) => push(inputs, readPort(part(r))),
    12: (r) => push(outputs, readPort(part(r))),
  });
  return { name, nodes, tensors, inputs, outputs };
}

function readNode(reader: Reader): FileNode {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes = new Map<string, FileAttribute>();
  let [name, operator, domain, count] = ["", "", "", 0];
  readFields(reader, {
    1: (r) => inputs.push(r.string()),
    2: (r) => outputs.push(r.string()),
    3: (r) => {
      name = r.string();
    },
    4: (r) => {
      operator = r.string();
    },
    5: (r) => {
      const attribute = readAttribute(part(r));
      attributes.set(attribute.name, attribute);
      if (++count > MOST_ATTRIBUTES) throw new Error(`more than ${MOST_ATTRIBUTES} attributes`);
    },
    7: (r) => {
      domain = r.string();
    },
  });
  if (ownDomains.includes(domain)) domain = "";
  return { name, operator, domain, inputs, outputs, attributes };
}

function readAttribute(reader: Reader): FileAttribute {
  const floats: number[] = [];
  const ints: number[] = [];
  let [name, text, float, int] = ["", "", 0, 0];
  let tensor: FileTensor | undefined;
  readFields(reader, {
    1: (r) => {
      name = r.string();
    },
    2: (r) => {
      float = r.float();
    },
    3: (r) => {
      int = whole(r);
    },
    4: (r) => {
      text = r.string();
    },
    5: (r) => {
      tensor = readTensor(part(r));
    },
    7: (r, type) => readNumbers(r, type, floats, () => r.float()),
    8: (r, type) => readNumbers(r, type, ints, () => whole(r)),
  });
  return { name, text, float, int, floats, ints, ...(tensor && { tensor }) };
}

/** TensorProto.DataLocation.EXTERNAL */
const EXTERNAL = 1;

function readTensor(reader: Reader): FileTensor {
  const shape: number[] = [];
  const list: number[] = [];
  let [name, type, external] = ["", 0, false];
  let raw: Uint8Array | undefined;
  readFields(reader, {
    1: (r, wire) => readNumbers(r, wire, shape, () => whole(r)),
    2: (r) => {
      type = r.int32();
    },
    4: (r, wire) => readNumbers(r, wire, list, () => r.float()),
    5: (r, wire) => readNumbers(r, wire, list, () => r.int32()),
    7: (r, wire) => readNumbers(r, wire, list, () => whole(r)),
    8: (r) => {
      name = r.string();
    },
    9: (r) => {
      raw = bytesOf(r);
    },
    10: (r, wire) => readNumbers(r, wire, list, () => r.double()),
    13: (r) => {
      part(r);
      external = true;
    },
    14: (r) => {
      external ||= r.int32() === EXTERNAL;
    },
  });
  return { name, shape, type, list, external, ...(raw && { raw }) };
}

function readPort(reader: Reader): FilePort {
  const shape: (number | undefined)[] = [];
  let [name, type] = ["", 0];
  const tensorType: Fields = {
    1: (r) => {
      type = r.int32();
    },
    2: (r) => readFields(part(r), { 1: (side) => shape.push(readSide(part(side))) }),
  };
  readFields(reader, {
    1: (r) => {
      name = r.string();
    },
    2: (r) => readFields(part(r), { 1: (tensor) => readFields(part(tensor), tensorType) }),
  });
  return { name, type, shape };
}

function readSide(reader: Reader): number | undefined {
  let side: number | undefined;
  readFields(reader, {
    1: (r) => {
      side = whole(r);
    },
  });
  return side !== undefined && side > 0 ? side : undefined; // 0 and -1 have been written for an open one
}

function readFields(reader: Reader, fields: Fields): void {
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const [field, wireType] = [tag >>> 3, tag & 7];
    if (GROUPS.includes(wireType)) throw new Error(`a group at byte ${reader.pos}`);
    const read = fields[field];
    if (read) read(reader, wireType);
    else reader.skipType(wireType);
  }
}

/** A message inside, which cannot reach beyond its own bytes. */
const part = (reader: Reader): Reader => protobuf.Reader.create(bytesOf(reader));

/** In place: a weight may be most of the file. */
function bytesOf(reader: Reader): Uint8Array {
  const length = reader.uint32();
  if (length > reader.len - reader.pos)
    throw new RangeError(`${length} bytes at byte ${reader.pos}, beyond the end`);
  const from = reader.pos;
  reader.skip(length);
  return reader.buf.subarray(from, from + length);
}

/** One number, or many packed. */
function readNumbers(reader: Reader, wireType: number, into: number[], read: () => number): void {
  if (wireType !== BYTES) {
    into.push(read());
    return;
  }
  const length = reader.uint32();
  const end = reader.pos + length;
  if (end > reader.len) throw new RangeError(`${length} bytes at byte ${reader.pos}, beyond the end`);
  while (reader.pos < end) into.push(read());
}

/** A Long where that package is installed. */
function whole(reader: Reader): number {
  const number = reader.int64() as unknown as number | { toNumber(): number };
  return typeof number === "number" ? number : number.toNumber();
}

/** A few bytes each are enough for millions, which would fill the memory. */
function push<Item>(list: Item[], item: Item): void {
  if (list.length >= MOST_ITEMS) throw new Error(`more than ${MOST_ITEMS} nodes or weights`);
  list.push(item);
}
