import { InputError } from "../../util/errors.ts";

/** A group of an HDF5 file that is being read. Paths lead on from it. */
export interface ReadGroup {
  readonly path: string;
  /** The strings of an attribute, one or several; `undefined` where there is no such attribute. */
  attribute(name: string): string[] | undefined;
  has(path: string): boolean;
  /** Names of the groups and arrays in it. */
  members(): string[];
  /** @throws InputError `model.damaged` where no group is */
  group(path: string): ReadGroup;
  /** An array of numbers, as float32. */
  floats(path: string): { shape: number[]; values: Float32Array };
  /** A whole number that stands alone, such as the updates that an optimizer has made. */
  count(path: string): number;
}

/** The text of an attribute, or `undefined` where there is none. */
export function readText(group: ReadGroup, name: string): string | undefined {
  const texts = group.attribute(name);
  if (texts === undefined || texts.length === 1) return texts?.[0];
  throw damagedModel(`Expected a text in attribute "${name}" of ${group.path}, found ${texts.length}`);
}

/** The list of strings that `writeTexts` or Keras has written, whole or in pieces. */
export function readTexts(group: ReadGroup, name: string): string[] {
  const whole = group.attribute(name);
  if (whole !== undefined) return whole;
  const texts: string[] = [];
  for (let piece = 0; ; piece++) {
    const part = group.attribute(`${name}${piece}`);
    if (part === undefined) return texts;
    texts.push(...part);
  }
}

/** The file could be opened, and what it says makes no sense. */
export function damagedModel(message: string): InputError {
  return new InputError("model.damaged", message);
}
