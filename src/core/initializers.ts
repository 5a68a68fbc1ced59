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

/** What most of the others are made of, and what TensorFlow.js and Keras before version 2.3 write in their place. */
const scalingSchema = z.object({
  className: z.literal("VarianceScaling"),
  config: z.object({
    scale: z.number().positive().default(1),
    mode: z.enum(["fan_in", "fan_out", "fan_avg"]).default("fan_in"),
    distribution: z
      .enum(["truncated_normal", "normal", "untruncated_normal", "uniform"])
      .default("truncated_normal"),
  }),
});

type Scaling = z.output<typeof scalingSchema>;

const constantSchema = z.object({
  className: z.literal("Constant"),
  config: z.object({ value: z.number().default(0) }).default({ value: 0 }),
});

/** How a weight begins: by a name, or by what has settings. */
export type Initializer = InitializerName | Scaling | z.output<typeof constantSchema>;

const scaling = ({ config: { scale, mode, distribution } }: Scaling, { fanIn, fanOut }: Fans): Draw => {
  const fan = { fan_in: fanIn, fan_out: fanOut, fan_avg: (fanIn + fanOut) / 2 }[mode];
  const variance = scale / Math.max(1, fan);
  if (distribution === "uniform") return uniform(Math.sqrt(3 * variance));
  return distribution === "untruncated_normal" ? normal(Math.sqrt(variance)) : scaledNormal(variance);
};

function drawOf(initializer: Initializer, fans: Fans): Draw {
  if (typeof initializer === "string") return initializers[initializer](fans);
  if (initializer.className === "VarianceScaling") return scaling(initializer, fans);
  const { value } = initializer.config;
  return () => value;
}

/** Keras's serialized object, of which the class name counts (`GlorotUniform`). */
const serializedSchema = z
  .object({ className: z.string() })
  .transform(({ className }) => snakeCase(className))
  .pipe(z.enum(initializerNames));

/** A name, or Keras's serialized object. */
export function initializerSchema(fallback: InitializerName) {
  const error = `expected one of ${initializerNames.join(", ")}, a VarianceScaling or a Constant`;
  const known = [z.enum(initializerNames), scalingSchema, constantSchema, serializedSchema] as const;
  return z.union(known, { error }).default(fallback);
}

/** Numbers of a weight that are drawn in one go: a millisecond's worth. */
const DRAWN_AT_ONCE = 65_536;

/**
 * Draws a weight. A kernel's fans are its last two axes times the size of the window
 * in front of them.
 * @param stream distinguishes the weights of one model
 */
export function* initialize(
  initializer: Initializer,
  shape: readonly number[],
  seed: number,
  stream: number,
): Pieces<Float32Array> {
  const draw = drawOf(initializer, fansOf(shape));
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
function snakeCase(name: string): string {
  return name.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
}
