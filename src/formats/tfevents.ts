import protobuf from "protobufjs/minimal.js"; // the part that generates no code at run time
import { InputError } from "../util/errors.ts";
import { crc32c } from "./crc32c.ts";

/**
 * TensorBoard's event files: records one after the other, each a length, an Event message and their checksums. A file
 * begins with `writeVersion` and grows by appending. Messages are tensorflow/core/util/event.proto and
 * tensorflow/core/framework/summary.proto; scalars are written as TensorFlow 2 does, as tensors of rank 0 marked for
 * the plugin "scalars". Wall times are seconds since 1970.
 */

/** The first record of a file. */
export function writeVersion(wallTime: number): Uint8Array {
  const event = startEvent(wallTime);
  event.uint32(field(3, lengthDelimited)).string("brain.Event:2");
  event.uint32(field(10, lengthDelimited)).fork(); // source_metadata
  event.uint32(field(1, lengthDelimited)).string("tensorflow.core.util.events_writer").ldelim();
  return frame(event.finish());
}

/** The record of one number; TensorBoard draws one curve for each tag and folder. */
export function writeScalar(tag: string, value: number, step: number, wallTime: number): Uint8Array {
  const event = startEvent(wallTime);
  if (step !== 0) event.uint32(field(2, varint)).int64(step);
  event.uint32(field(5, lengthDelimited)).fork(); // summary
  event.uint32(field(1, lengthDelimited)).fork(); // value
  event.uint32(field(1, lengthDelimited)).string(tag);
  writeTensor(event, value);
  writePluginName(event);
  return frame(event.ldelim().ldelim().finish());
}

/**
 * A name for a file of events that TensorBoard recognises and that no other writer takes. `count` tells apart the
 * files that one process opens.
 */
export function eventFileName(wallTime: number, host: string, processId: number, count: number): string {
  const plainHost = host.replace(/[^\w.-]/g, "_");
  return `events.out.tfevents.${Math.floor(wallTime)}.${plainHost}.${processId}.${count}.v2`;
}

export interface ScalarEvent {
  readonly tag: string;
  readonly value: number;
  readonly step: number;
  readonly wallTime: number;
}

/** The scalars of an event file in the order of writing. Throws an `InputError` at a record that is not whole. */
export function readScalars(bytes: Uint8Array): ScalarEvent[] {
  return [...records(bytes)].flatMap(readEvent);
}

const varint = 0;
const fixed64 = 1;
const lengthDelimited = 2;

/** What stands before a field in a message: its number and how long it is. */
function field(number: number, wireType: number): number {
  return (number << 3) | wireType;
}

function startEvent(wallTime: number): protobuf.Writer {
  return protobuf.Writer.create().uint32(field(1, fixed64)).double(wallTime);
}

const float32Type = 1; // DT_FLOAT

function writeTensor(value: protobuf.Writer, scalar: number): void {
  const content = new Uint8Array(4);
  new DataView(content.buffer).setFloat32(0, scalar, true);
  value.uint32(field(8, lengthDelimited)).fork();
  value.uint32(field(1, varint)).int32(float32Type);
  value.uint32(field(2, lengthDelimited)).fork().ldelim(); // a shape of no dimensions
  value.uint32(field(4, lengthDelimited)).bytes(content).ldelim();
}

function writePluginName(value: protobuf.Writer): void {
  value.uint32(field(9, lengthDelimited)).fork(); // metadata
  value.uint32(field(1, lengthDelimited)).fork(); // plugin_data
  value.uint32(field(1, lengthDelimited)).string("scalars").ldelim().ldelim();
}

const headerBytes = 12;
const checksumBytes = 4;

/** length (8 bytes), its checksum (4), the message, its checksum (4): tensorflow/core/lib/io/record_writer.h. */
function frame(message: Uint8Array): Uint8Array {
  const record = new Uint8Array(headerBytes + message.length + checksumBytes);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(message.length), true);
  view.setUint32(8, maskedChecksum(record.subarray(0, 8)), true);
  record.set(message, headerBytes);
  view.setUint32(headerBytes + message.length, maskedChecksum(message), true);
  return record;
}

/** A checksum that is stored beside what it covers is masked, so that a checksum of both does not cancel out. */
function maskedChecksum(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

function* records(bytes: Uint8Array): Generator<Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let start = 0; start < bytes.length; ) {
    const left = bytes.length - start;
    const length = left < headerBytes ? Number.POSITIVE_INFINITY : Number(view.getBigUint64(start, true));
    if (headerBytes + length + checksumBytes > left)
      throw brokenRecord(start, `one cut short after ${left} bytes`);
    const message = bytes.subarray(start + headerBytes, start + headerBytes + length);
    const sound =
      view.getUint32(start + 8, true) === maskedChecksum(bytes.subarray(start, start + 8)) &&
      view.getUint32(start + headerBytes + length, true) === maskedChecksum(message);
    if (!sound) throw brokenRecord(start, "one whose checksum differs");
    yield message;
    start += headerBytes + length + checksumBytes;
  }
}

function brokenRecord(start: number, found: string): InputError {
  return new InputError(
    "events.damaged",
    `Expected a whole record of events at byte ${start}, found ${found}`,
  );
}

function readEvent(message: Uint8Array): ScalarEvent[] {
  const fields = readFields(message);
  const wallTime = fields.find(({ number }) => number === 1)?.value;
  const step = fields.find(({ number }) => number === 2)?.value;
  return fields
    .filter(({ number }) => number === 5)
    .flatMap(({ value }) => readFields(value as Uint8Array))
    .map(({ value }) => ({
      ...readValue(value as Uint8Array),
      step: Number(step ?? 0),
      wallTime: Number(wallTime),
    }));
}

function readValue(message: Uint8Array): Pick<ScalarEvent, "tag" | "value"> {
  const fields = readFields(message);
  const tag = fields.find(({ number }) => number === 1)?.value as Uint8Array;
  const tensor = fields.find(({ number }) => number === 8)?.value as Uint8Array;
  const content = readFields(tensor).find(({ number }) => number === 4)?.value as Uint8Array;
  return {
    tag: new TextDecoder().decode(tag),
    value: new DataView(content.buffer, content.byteOffset).getFloat32(0, true),
  };
}

interface Field {
  readonly number: number;
  readonly value: number | Uint8Array;
}

function readFields(message: Uint8Array): Field[] {
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
