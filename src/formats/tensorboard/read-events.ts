import { dataTypes, type Summary, type SummaryTensor } from "./events.ts";
import { messagesIn } from "./records.ts";
import { type Field, readFields } from "./wire.ts";

export interface SummaryEvent extends Summary {
  readonly step: number;
  readonly wallTime: number;
}

export interface ScalarEvent {
  readonly tag: string;
  readonly value: number;
  readonly step: number;
  readonly wallTime: number;
}

/** The values in an event file in the order of writing. Throws an `InputError` at a record that is not whole. */
export function readSummaries(bytes: Uint8Array): SummaryEvent[] {
  return [...messagesIn(bytes)].flatMap(readEvent);
}

/** Those among them that are numbers. */
export function readScalars(bytes: Uint8Array): ScalarEvent[] {
  return readSummaries(bytes)
    .filter(({ plugin }) => plugin.name === "scalars")
    .map(({ tag, tensor, step, wallTime }) => ({ tag, value: Number(tensor.content[0]), step, wallTime }));
}

function readEvent(message: Uint8Array): SummaryEvent[] {
  const fields = readFields(message);
  const wallTime = Number(numberOf(fields, 1));
  const step = Number(numberOf(fields, 2) ?? 0);
  const summaries = bytesOf(fields, 5).flatMap((summary) => bytesOf(readFields(summary), 1));
  return summaries.map((summary) => ({ ...readSummary(summary), step, wallTime }));
}

function readSummary(message: Uint8Array): Summary {
  const fields = readFields(message);
  const plugin = inside(inside(fields, 9), 1); // metadata, then plugin_data
  const [content] = bytesOf(plugin, 2);
  return {
    tag: textOf(fields, 1),
    plugin: { name: textOf(plugin, 1), ...(content && { content }) },
    tensor: readTensor(inside(fields, 8)),
  };
}

function readTensor(fields: readonly Field[]): SummaryTensor {
  const shape = bytesOf(inside(fields, 2), 2).map((dim) => Number(numberOf(readFields(dim), 1) ?? 0));
  const type = numberOf(fields, 1);
  if (type === dataTypes.string) return { shape, content: bytesOf(fields, 8) };
  const bytes = (bytesOf(fields, 4)[0] ?? new Uint8Array(0)).slice(); // numbers lie at multiples of their size
  const content =
    type === dataTypes.float64 ? new Float64Array(bytes.buffer) : new Float32Array(bytes.buffer);
  return { shape, content };
}

const numberOf = (fields: readonly Field[], wanted: number) =>
  fields.find(({ number }) => number === wanted)?.value;

const bytesOf = (fields: readonly Field[], wanted: number): Uint8Array[] =>
  fields.filter(({ number }) => number === wanted).map(({ value }) => value as Uint8Array);

const inside = (fields: readonly Field[], wanted: number): Field[] =>
  bytesOf(fields, wanted).slice(0, 1).flatMap(readFields);

const textOf = (fields: readonly Field[], wanted: number): string =>
  new TextDecoder().decode(bytesOf(fields, wanted)[0]);
