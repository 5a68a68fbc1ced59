import protobuf from "protobufjs/minimal.js"; // the part that generates no code at run time

/**
 * The messages of an ONNX file (onnx.proto, ONNX 1.20) as far as a classifier needs them, and how they are written. Field
 * numbers are those of the specification.
 */

export type OnnxAttribute = number | string | readonly number[] | { readonly float: number };

export interface OnnxNode {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly output: string;
  /** Whole numbers, lists of them, texts, and floats marked as such. */
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

export interface OnnxTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array | BigInt64Array;
}

export interface OnnxPort {
  readonly name: string;
  readonly type: "float32" | "uint8";
  /** A text stands for a side that is open. */
  readonly shape: readonly (number | string)[];
}

export interface OnnxModel {
  readonly opset: number;
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly tensors: ReadonlyMap<string, OnnxTensor>;
  readonly input: OnnxPort;
  readonly output: OnnxPort;
  readonly metadata: Readonly<Record<string, string>>;
}

const elementTypes = { float32: 1, uint8: 2, int64: 7 } as const;

/** The version of the format that came with an operator set, from 13 on. */
const formatVersions: readonly (readonly [opset: number, version: number])[] = [
  [21, 10],
  [19, 9],
  [15, 8],
  [0, 7],
];

export function encodeOnnx(model: OnnxModel): Uint8Array {
  const writer = protobuf.Writer.create();
  const [, version] = formatVersions.find(([opset]) => model.opset >= opset)!;
  writer.uint32(tag(1, VARINT)).int64(version);
  writer.uint32(tag(2, BYTES)).string("fovea");
  message(writer, 7, () => writeGraph(writer, model));
  message(writer, 8, () => writer.uint32(tag(2, VARINT)).int64(model.opset));
  for (const [key, value] of Object.entries(model.metadata)) {
    message(writer, 14, () => writer.uint32(tag(1, BYTES)).string(key).uint32(tag(2, BYTES)).string(value));
  }
  return writer.finish();
}

const [VARINT, BYTES, FIXED32] = [0, 2, 5];

const tag = (field: number, wireType: number) => (field << 3) | wireType;

function message(writer: protobuf.Writer, field: number, write: () => void): void {
  writer.uint32(tag(field, BYTES)).fork();
  write();
  writer.ldelim();
}

function writeGraph(writer: protobuf.Writer, { name, nodes, tensors, input, output }: OnnxModel): void {
  for (const node of nodes) message(writer, 1, () => writeNode(writer, node));
  writer.uint32(tag(2, BYTES)).string(name);
  for (const [tensorName, tensor] of tensors)
    message(writer, 5, () => writeTensor(writer, tensorName, tensor));
  message(writer, 11, () => writePort(writer, input));
  message(writer, 12, () => writePort(writer, output));
}

function writeNode(writer: protobuf.Writer, { operator, inputs, output, attributes }: OnnxNode): void {
  for (const input of inputs) writer.uint32(tag(1, BYTES)).string(input);
  writer.uint32(tag(2, BYTES)).string(output);
  writer.uint32(tag(3, BYTES)).string(output); // a node is called by what it makes
  writer.uint32(tag(4, BYTES)).string(operator);
  for (const [name, value] of Object.entries(attributes)) {
    message(writer, 5, () => writeAttribute(writer, name, value));
  }
}

function writeAttribute(writer: protobuf.Writer, name: string, value: OnnxAttribute): void {
  const kinds = { float: 1, int: 2, text: 3, ints: 7 };
  writer.uint32(tag(1, BYTES)).string(name);
  const kind = (number: number) => writer.uint32(tag(20, VARINT)).int32(number);
  if (typeof value === "number") kind(kinds.int).uint32(tag(3, VARINT)).int64(value);
  else if (typeof value === "string") kind(kinds.text).uint32(tag(4, BYTES)).string(value);
  else if ("float" in value) kind(kinds.float).uint32(tag(2, FIXED32)).float(value.float);
  else {
    kind(kinds.ints);
    for (const each of value) writer.uint32(tag(8, VARINT)).int64(each);
  }
}

function writeTensor(writer: protobuf.Writer, name: string, { shape, values }: OnnxTensor): void {
  for (const side of shape) writer.uint32(tag(1, VARINT)).int64(side);
  const type = values instanceof Float32Array ? elementTypes.float32 : elementTypes.int64;
  writer.uint32(tag(2, VARINT)).int32(type);
  writer.uint32(tag(8, BYTES)).string(name);
  const { buffer, byteOffset, byteLength } = values; // little-endian, as every machine that runs this is
  writer.uint32(tag(9, BYTES)).bytes(new Uint8Array(buffer, byteOffset, byteLength));
}

function writePort(writer: protobuf.Writer, { name, type, shape }: OnnxPort): void {
  writer.uint32(tag(1, BYTES)).string(name);
  message(writer, 2, () =>
    // type
    message(writer, 1, () => {
      // tensor_type
      writer.uint32(tag(1, VARINT)).int32(elementTypes[type]);
      message(writer, 2, () => {
        for (const side of shape) {
          message(writer, 1, () =>
            typeof side === "number"
              ? writer.uint32(tag(1, VARINT)).int64(side)
              : writer.uint32(tag(2, BYTES)).string(side),
          );
        }
      });
    }),
  );
}
