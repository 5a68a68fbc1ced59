import protobuf from "protobufjs/minimal.js";
import { frame } from "./records.ts";
import { field, fixed64, lengthDelimited, varint } from "./wire.ts";

/**
 * TensorBoard's event files: records one after the other, each an Event message. A file begins with `writeVersion` and grows
 * by appending. Messages are tensorflow/core/util/event.proto, tensorflow/core/framework/summary.proto and tensor.proto; all
 * values are written as TensorFlow 2 does, as tensors marked for the plugin that shows them. Wall times are seconds since 1970.
 */

/** One value under its tag. */
export interface Summary {
  readonly tag: string;
  /** Who shows it, and what that plugin wants to know beside the tensor. */
  readonly plugin: { readonly name: string; readonly content?: Uint8Array };
  readonly tensor: SummaryTensor;
}

/** Little-endian numbers in one piece, or strings of bytes. */
export interface SummaryTensor {
  readonly shape: readonly number[];
  readonly content: Float32Array | Float64Array | readonly Uint8Array[];
}

/** The first record of a file. */
export function writeVersion(wallTime: number): Uint8Array {
  const event = startEvent(wallTime);
  event.uint32(field(3, lengthDelimited)).string("brain.Event:2");
  event.uint32(field(10, lengthDelimited)).fork(); // source_metadata
  event.uint32(field(1, lengthDelimited)).string("tensorflow.core.util.events_writer").ldelim();
  return frame(event.finish());
}

/** The record of one value; TensorBoard keeps those of a tag and folder in the order of their steps. */
export function writeSummary({ tag, plugin, tensor }: Summary, step: number, wallTime: number): Uint8Array {
  const event = startEvent(wallTime);
  if (step !== 0) event.uint32(field(2, varint)).int64(step);
  event.uint32(field(5, lengthDelimited)).fork(); // summary
  event.uint32(field(1, lengthDelimited)).fork(); // value
  event.uint32(field(1, lengthDelimited)).string(tag);
  writeTensor(event, tensor);
  writePlugin(event, plugin);
  return frame(event.ldelim().ldelim().finish());
}

/** The record of a graph, of which TensorBoard shows one for each folder. */
export function writeGraph(graph: Uint8Array, wallTime: number): Uint8Array {
  const event = startEvent(wallTime);
  event.uint32(field(4, lengthDelimited)).bytes(graph);
  return frame(event.finish());
}

/**
 * A name for a file of events that TensorBoard recognises and that no other writer takes. `count` tells apart the
 * files that one process opens.
 */
export function eventFileName(wallTime: number, host: string, processId: number, count: number): string {
  const plainHost = host.replace(/[^\w.-]/g, "_");
  return `events.out.tfevents.${Math.floor(wallTime)}.${plainHost}.${processId}.${count}.v2`;
}

function startEvent(wallTime: number): protobuf.Writer {
  return protobuf.Writer.create().uint32(field(1, fixed64)).double(wallTime);
}

/** As tensorflow/core/framework/types.proto counts them. */
export const dataTypes = { float32: 1, float64: 2, string: 7 } as const;

function writeTensor(value: protobuf.Writer, { shape, content }: SummaryTensor): void {
  value.uint32(field(8, lengthDelimited)).fork();
  value.uint32(field(1, varint)).int32(typeOf(content));
  value.uint32(field(2, lengthDelimited)).fork();
  for (const size of shape) {
    value.uint32(field(2, lengthDelimited)).fork();
    if (size !== 0) value.uint32(field(1, varint)).int64(size);
    value.ldelim();
  }
  value.ldelim();
  writeContent(value, content);
  value.ldelim();
}

function typeOf(content: SummaryTensor["content"]): number {
  if (content instanceof Float32Array) return dataTypes.float32;
  return content instanceof Float64Array ? dataTypes.float64 : dataTypes.string;
}

function writeContent(tensor: protobuf.Writer, content: SummaryTensor["content"]): void {
  if (content instanceof Float32Array || content instanceof Float64Array) {
    if (content.length > 0) tensor.uint32(field(4, lengthDelimited)).bytes(littleEndian(content));
    return;
  }
  for (const text of content) tensor.uint32(field(8, lengthDelimited)).bytes(text);
}

function littleEndian(numbers: Float32Array | Float64Array): Uint8Array {
  const bytes = new Uint8Array(numbers.byteLength);
  const view = new DataView(bytes.buffer);
  const size = numbers.BYTES_PER_ELEMENT;
  for (const [index, number] of numbers.entries()) {
    if (numbers instanceof Float32Array) view.setFloat32(index * size, number, true);
    else view.setFloat64(index * size, number, true);
  }
  return bytes;
}

function writePlugin(value: protobuf.Writer, { name, content }: Summary["plugin"]): void {
  value.uint32(field(9, lengthDelimited)).fork(); // metadata
  value.uint32(field(1, lengthDelimited)).fork(); // plugin_data
  value.uint32(field(1, lengthDelimited)).string(name);
  if (content !== undefined) value.uint32(field(2, lengthDelimited)).bytes(content);
  value.ldelim().ldelim();
}
