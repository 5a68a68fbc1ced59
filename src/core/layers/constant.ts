import { concatenateAll } from "../operations/channels.ts";
import { fill } from "../operations/elementwise.ts";
import type { Tensor } from "../program.ts";
import type { Recorder } from "../recorder.ts";

/** More settings for channels than anybody writes, each of which is a call in the program. */
export const MOST_CONSTANTS = 1024;

/** One value, so many times. */
export const constant = (recorder: Recorder, value: number, length: number): Tensor =>
  recorder.apply(fill, {}, { value, length }).y;

/** A number for each channel; one number stands for all of them. */
export function constants(recorder: Recorder, values: number | readonly number[], channels: number): Tensor {
  if (typeof values === "number") return constant(recorder, values, channels);
  return concatenateAll(
    recorder,
    values.map((value) => constant(recorder, value, 1)),
  );
}

/** @throws RangeError where there are more or fewer numbers than channels */
export function checkChannels(values: number | readonly number[], input: readonly number[]): void {
  const channels = input[input.length - 1];
  if (typeof values !== "number" && values.length !== channels)
    throw new RangeError(`Expected a number for each of ${channels} channels, found ${values.length}`);
}
