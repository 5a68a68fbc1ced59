import type { Call } from "./call.ts";
import type { Feature } from "./feature.ts";
import { NoEqual } from "./no-equal.ts";

/** A window of a graph over one axis, with all that lies around the image said. */
export interface Span {
  readonly input: number;
  /** With its holes. */
  readonly size: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  /** What the last window needs; less than none where it does not reach the end. */
  readonly after: number;
  readonly outputs: number;
}

const pair = (call: Call, name: string): readonly number[] => {
  const given = call.ints(name) ?? [1, 1];
  if (given.length === 2 && given.every((side) => side >= 1 && side <= 65_536)) return given;
  throw new NoEqual(`${name} ${given.join(", ")}`);
};

/** The windows of a convolution or a pool over the height and the width of an image. */
export function spansOf(call: Call, { layerShape }: Feature, kernel: readonly number[]): Span[] {
  const [strides, dilations] = [pair(call, "strides"), pair(call, "dilations")];
  const pads = call.ints("pads") ?? [0, 0, 0, 0];
  if (pads.length !== 4 || !pads.every((pad) => pad >= 0 && pad <= 65_536))
    throw new NoEqual(`pads ${pads.join(", ")}`);
  return [0, 1].map((axis) => {
    const input = layerShape[axis];
    const size = (kernel[axis] - 1) * dilations[axis] + 1;
    const [stride, dilation] = [strides[axis], dilations[axis]];
    const [before, behind] = padsOf(call, { input, size, stride }, [pads[axis], pads[axis + 2]]);
    const outputs = outputsOf(call, { input, size, stride }, before, behind);
    const after = (outputs - 1) * stride + size - input - before;
    return { input, size, stride, dilation, before, after, outputs };
  });
}

type Window = Pick<Span, "input" | "size" | "stride">;

function padsOf(call: Call, { input, size, stride }: Window, given: readonly number[]): readonly number[] {
  const kind = call.text("auto_pad", "NOTSET");
  if (kind === "NOTSET") return given;
  if (kind === "VALID") return [0, 0];
  if (kind !== "SAME_UPPER" && kind !== "SAME_LOWER") throw new NoEqual(`auto_pad ${kind}`);
  const total = Math.max((Math.ceil(input / stride) - 1) * stride + size - input, 0);
  const less = Math.floor(total / 2);
  return kind === "SAME_UPPER" ? [less, total - less] : [total - less, less];
}

function outputsOf(call: Call, { input, size, stride }: Window, before: number, behind: number): number {
  const steps = (input + before + behind - size) / stride;
  if (steps < 0) throw new NoEqual(`a window of ${size} over ${input} pixels`);
  if (call.int("ceil_mode", 0) === 0) return Math.floor(steps) + 1;
  const outputs = Math.ceil(steps) + 1;
  return (outputs - 1) * stride >= input + before ? outputs - 1 : outputs; // a window begins in the image or before it
}

export const isValid = (spans: readonly Span[]): boolean =>
  spans.every(({ before, after }) => before === 0 && after <= 0);

/** Whether the windows are those of TensorFlow's "same". */
export function isSame(spans: readonly Span[]): boolean {
  return spans.every(({ input, size, stride, before, outputs }) => {
    const total = Math.max((outputs - 1) * stride + size - input, 0);
    return outputs === Math.ceil(input / stride) && before === Math.floor(total / 2);
  });
}

/** "valid" or "same" where one of them says it, otherwise with zeros laid around the image first. */
export function padded(
  call: Call,
  image: Feature,
  spans: readonly Span[],
): { x: Feature; padding: "valid" | "same" } {
  if (isValid(spans)) return { x: image, padding: "valid" };
  if (isSame(spans)) return { x: image, padding: "same" };
  const padding = spans.map(({ before, after }) => [before, Math.max(after, 0)]);
  return { x: zeroPadded(call, image, padding), padding: "valid" };
}

/** [[top, bottom], [left, right]] zeros around an image that its layer makes as [height, width, channels]. */
export function zeroPadded(call: Call, image: Feature, padding: readonly (readonly number[])[]): Feature {
  const name = `${call.name("ZeroPadding2D")}_pad`;
  return call.network.add({ className: "ZeroPadding2D", name, inputs: [image], config: { padding } });
}
