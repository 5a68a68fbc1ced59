import { z } from "zod";
import type { Pieces } from "../util/pauses.ts";
import { RandomStream } from "../util/random.ts";
import { elementCount } from "../util/shapes.ts";

type Draw = (random: RandomStream) => number;
interface Fans {
  readonly fanIn: number;
  readonly fanOut: number;
}

/** Standard deviation of a standard normal that is cut at ±2. */
const TRUNCATED_DEVIATION = 0.87962566103423978;

const uniform =
  (limit: number): Draw =>
  (random) =>
    (2 * random.nextFloat32() - 1) * limit;

const normal =
  (deviation: number): Draw =>
  (random) =>
    random.nextNormal() * deviation;

/** Normal, drawn again where it falls outside of two deviations. */
const truncated =
  (deviation: number): Draw =>
  (random) => {
    for (;;) {
      const value = random.nextNormal();
      if (Math.abs(value) <= 2) return value * deviation;
    }
  };

/** As truncated, and wider, so that what is left has this variance (Keras's VarianceScaling). */
const scaledNormal = (variance: number): Draw => truncated(Math.sqrt(variance) / TRUNCATED_DEVIATION);

/** Keras's initializers with its defaults, by the names that it gives them. */
const initializers = {
  zeros: () => () => 0,
  ones: () => () => 1,
  glorot_uniform: ({ fanIn, fanOut }) => uniform(Math.sqrt(6 / (fanIn + fanOut))),
  glorot_normal: ({ fanIn, fanOut }) => scaledNormal(2 / (fanIn + fanOut)),
  he_uniform: ({ fanIn }) => uniform(Math.sqrt(6 / fanIn)),
  he_normal: ({ fanIn }) => scaledNormal(2 / fanIn),
  lecun_uniform: ({ fanIn }) => uniform(Math.sqrt(3 / fanIn)),
  lecun_normal: ({ fanIn }) => scaledNormal(1 / fanIn),
  random_uniform: () => uniform(0.05),
  random_normal: () => normal(0.05),
  truncated_normal: () => truncated(0.05),
} as const satisfies Record<string, (fans: Fans) => Draw>;

export type InitializerName = keyof typeof initializers;
export const initializerNames = Object.keys(initializers) as [InitializerName, ...InitializerName[]];

/** What the others are made of, and what TensorFlow.js and Keras before version 2.3 write in their place. */
const scalings: Readonly<Record<string, InitializerName>> = {
  "1 fan_avg uniform": "glorot_uniform",
  "1 fan_avg normal": "glorot_normal",
  "2 fan_in uniform": "he_uniform",
  "2 fan_in normal": "he_normal",
  "1 fan_in uniform": "lecun_uniform",
  "1 fan_in normal": "lecun_normal",
};

const serializedSchema = z.object({
  className: z.string(),
  config: z
    .object({ scale: z.number(), mode: z.string(), distribution: z.string() })
    .optional()
    .catch(undefined),
});

/** A name, or Keras's serialized object, of which the class name counts (`GlorotUniform`) or the kind of scaling. */
export function initializerSchema(fallback: InitializerName) {
  return z
    .union([z.string(), serializedSchema.transform(nameOfSerialized)])
    .pipe(z.enum(initializerNames))
    .default(fallback);
}

/** Numbers of a weight that are drawn in one go: a millisecond's worth. */
const DRAWN_AT_ONCE = 65_536;

/**
 * Draws a weight. A kernel's fans are its last two axes times the size of the window
 * in front of them.
 * @param stream distinguishes the weights of one model
 */
export function* initialize(
  name: InitializerName,
  shape: readonly number[],
  seed: number,
  stream: number,
): Pieces<Float32Array> {
  const draw = initializers[name](fansOf(shape));
  const random = new RandomStream(seed, "weights", stream);
  const values = new Float32Array(elementCount(shape));
  for (let end = 0; end < values.length; ) {
    const begin = end;
    end = Math.min(values.length, begin + DRAWN_AT_ONCE);
    for (let i = begin; i < end; i++) values[i] = draw(random);
    yield;
  }
  return values;
}

function fansOf(shape: readonly number[]): Fans {
  if (shape.length < 2) return { fanIn: shape[0] ?? 1, fanOut: shape[0] ?? 1 };
  const window = elementCount(shape.slice(0, -2));
  return { fanIn: window * shape[shape.length - 2], fanOut: window * shape[shape.length - 1] };
}

/** `GlorotUniform` to `glorot_uniform`. */
function nameOfSerialized({ className, config }: z.output<typeof serializedSchema>): string {
  if (className !== "VarianceScaling" || config === undefined) return snakeCase(className);
  const { scale, mode, distribution } = config;
  const scaling = `${scale} ${mode} ${distribution.replace("truncated_", "")}`;
  return scalings[scaling] ?? `VarianceScaling ${scaling}`;
}

function snakeCase(name: string): string {
  return name.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
}
