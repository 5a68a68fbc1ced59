import type { Call } from "./call.ts";
import type { Feature } from "./feature.ts";
import { asChannelsFirst, asImage } from "./images.ts";
import { NoEqual } from "./no-equal.ts";
import { isSame, isValid, type Span, spansOf, zeroPadded } from "./windows.ts";

/** The largest value of each window. What lies around the image is never the largest; here that is so of zeros only where nothing is below them. */
export function maxPool(call: Call): Feature {
  const x = call.feature(0);
  const image = asImage(call.network, x);
  const [spans, poolSize] = windowsOf(call, image);
  const { nonNegative } = x;
  if (!isValid(spans) && !isSame(spans) && !nonNegative) return pickedMaximum(call, image, spans, poolSize);
  return { ...pool(call, "MaxPooling2D", image, spans, poolSize), nonNegative };
}

export function averagePool(call: Call): Feature {
  const x = call.feature(0);
  const image = asImage(call.network, x);
  const [spans, poolSize] = windowsOf(call, image);
  const zerosCount = call.int("count_include_pad", 0) === 1;
  const reachesOut = spans.some(({ before, after }) => before > 0 || after > 0);
  if (reachesOut && (zerosCount ? call.int("ceil_mode", 0) === 1 : !isSame(spans)))
    throw new NoEqual("a mean over windows that reach beyond the image");
  const made =
    reachesOut && zerosCount
      ? pool(call, "AveragePooling2D", surrounded(call, image, spans), spans.map(inside), poolSize)
      : pool(call, "AveragePooling2D", image, spans, poolSize);
  return { ...made, nonNegative: x.nonNegative };
}

/** Of every channel one value, over the axes of height and width, however the graph has them. */
export function globalPool(call: Call, className: string, x: Feature, axes: readonly number[]): Feature {
  const channels = [0, 1, 2].filter((axis) => !axes.includes(axis));
  if (x.shape.length !== 3 || channels.length !== 1)
    throw new NoEqual("what is no mean over the height and the width of an image");
  const image = call.network.arrange(x, [...axes, channels[0]]);
  const name = call.name(className);
  return { ...call.network.add({ className, name, inputs: [image] }), nonNegative: x.nonNegative };
}

export const globalPoolOf =
  (className: string) =>
  (call: Call): Feature => {
    const x = call.feature(0);
    const made = globalPool(call, className, x, [1, 2]);
    return { ...made, shape: [x.shape[0], 1, 1] };
  };

/** The mean or the largest value over axes, which must be height and width. */
export const reduction =
  (className: string) =>
  (call: Call): Feature => {
    const x = call.feature(0);
    const rank = x.shape.length + 1;
    const given = call.numbers(1, "axes") ?? [];
    const axes = given.map((axis) => (axis < 0 ? axis + rank : axis) - 1).sort((a, b) => a - b);
    if (axes.length !== 2 || axes.some((axis) => axis < 0))
      throw new NoEqual(`axes ${given.join(", ") || "none"}`);
    const made = globalPool(call, className, x, axes);
    const shape = x.shape.map((side, axis) => (axes.includes(axis) ? 1 : side));
    return call.int("keepdims", 1) === 1 ? { ...made, shape } : made;
  };

function windowsOf(call: Call, image: Feature): [Span[], readonly number[]] {
  const size = call.ints("kernel_shape") ?? [];
  if (size.length !== 2 || !size.every((side) => side >= 1 && side <= 65_536))
    throw new NoEqual(`windows of ${size.join("x")}`);
  const spans = spansOf(call, image, size);
  if (spans.some(({ dilation }) => dilation > 1)) throw new NoEqual("windows with holes");
  return [spans, size];
}

function pool(
  call: Call,
  className: string,
  image: Feature,
  spans: readonly Span[],
  poolSize: readonly number[],
): Feature {
  const [valid, same] = [isValid(spans), isSame(spans)];
  const x = valid || same ? image : surrounded(call, image, spans);
  const config = {
    poolSize,
    strides: spans.map(({ stride }) => stride),
    padding: same && !valid ? "same" : "valid",
  };
  return asChannelsFirst(call.network.add({ className, name: call.name(className), inputs: [x], config }));
}

const surrounded = (call: Call, image: Feature, spans: readonly Span[]) =>
  zeroPadded(
    call,
    image,
    spans.map(({ before, after }) => [before, Math.max(after, 0)]),
  );

const inside = (span: Span): Span => ({ ...span, before: 0, after: 0 });

/** Windows around every pixel, and then of their values each that the stride leaves: the same windows without a pixel around. */
function pickedMaximum(
  call: Call,
  image: Feature,
  spans: readonly Span[],
  poolSize: readonly number[],
): Feature {
  if (
    spans.some(
      ({ before, size, outputs, stride, input }) =>
        before !== (size - 1) >> 1 || outputs !== Math.ceil(input / stride),
    )
  )
    throw new NoEqual("windows that reach beyond an image with values below zero");
  const config = { poolSize, strides: [1, 1], padding: "same" };
  const name = call.name("MaxPooling2D");
  const every = call.network.add({
    className: "MaxPooling2D",
    name: `${name}_every`,
    inputs: [image],
    config,
  });
  const picked = { poolSize: [1, 1], strides: spans.map(({ stride }) => stride), padding: "valid" };
  return asChannelsFirst(
    call.network.add({ className: "MaxPooling2D", name, inputs: [every], config: picked }),
  );
}
