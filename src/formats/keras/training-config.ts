import { z } from "zod";
import type { OptimizerRecord } from "../../core/description.ts";
import type { CompileRecord, LossOrMetric } from "../saved-model.ts";
import { isRecord, respellKeys, toCamelCase, toPascalCase, toSnakeCase } from "./spelling.ts";

/** What the optimizer is, without its state. */
type OptimizerConfig = CompileRecord["optimizer"];

/** The value of Keras's `training_config`. */
export function toTrainingConfig(optimizer: OptimizerConfig, compile: CompileRecord | undefined) {
  return {
    loss: compile === undefined ? null : toKeras(compile.loss),
    metrics: compile === undefined ? null : compile.metrics.map(toKeras),
    weighted_metrics: null,
    loss_weights: null,
    optimizer_config: {
      class_name: optimizer.className,
      config: respellKeys(withoutPlainZero(optimizer.config), toSnakeCase),
    },
  };
}

/** Keras 3 refuses a momentum that is a whole number, as which JSON has 0; it is the default. */
function withoutPlainZero({ momentum, ...config }: OptimizerRecord["config"]): OptimizerRecord["config"] {
  return momentum === undefined || momentum === 0 ? config : { ...config, momentum };
}

function toKeras(value: LossOrMetric): unknown {
  if (typeof value === "string") return toSnakeCase(value);
  return { class_name: value.className, config: respellKeys(value.config, toSnakeCase) };
}

const optimizerSchema = z.object({ class_name: z.string(), config: z.record(z.string(), z.unknown()) });

const trainingSchema = z.object({
  loss: z.unknown(),
  metrics: z.unknown(),
  optimizer_config: z.union([z.string(), optimizerSchema]),
});

export interface TrainingConfig {
  readonly optimizer: OptimizerConfig;
  /** Absent where the loss is several or the user's own code. */
  readonly compile?: CompileRecord;
}

/** `config` is the value of `training_config`. A training set-up that Fovea has no words for is `undefined`. */
export function fromTrainingConfig(config: unknown): TrainingConfig | undefined {
  const training = trainingSchema.safeParse(config);
  if (!training.success) return undefined;
  const { loss: given, metrics, optimizer_config: optimizerConfig } = training.data;
  const optimizer = fromOptimizer(optimizerConfig);
  const loss = fromKeras(Array.isArray(given) && given.length === 1 ? given[0] : given);
  if (loss === undefined) return { optimizer };
  const known = (metrics === null ? [] : [metrics].flat(2)).flatMap((metric) => fromKeras(metric) ?? []);
  return { optimizer, compile: { loss, optimizer, metrics: known } };
}

/** By its name alone where it has Keras's defaults; of one that scales the loss for half precision, the one inside. */
function fromOptimizer(given: string | z.output<typeof optimizerSchema>): OptimizerConfig {
  if (typeof given === "string")
    return { className: given === "sgd" ? "SGD" : toPascalCase(given), config: {} };
  const inner = given.class_name.startsWith("LossScaleOptimizer")
    ? optimizerSchema.safeParse(given.config.inner_optimizer).data
    : undefined;
  if (inner) return fromOptimizer(inner);
  const className = given.class_name.replace("Custom>", ""); // how TensorFlow's Keras 2 names its own
  return { className, config: fromOptimizerConfig(given.config) };
}

/** How Keras runs an optimizer, not what the optimizer is. */
const droppedKeys = new Set(["name", "jit_compile", "is_legacy_optimizer"]);

/** Keras's names before 2019. */
const olderKeys: Readonly<Record<string, string>> = { lr: "learning_rate" };

/** Keras writes these out; that of another version refuses them. */
const switchedOff: Readonly<Record<string, unknown>> = { use_ema: false, ema_momentum: 0.99, decay: 0 };

function fromOptimizerConfig(config: Record<string, unknown>): OptimizerRecord["config"] {
  const kept = Object.entries(config).filter(
    ([key, value]) => value !== null && !droppedKeys.has(key) && value !== switchedOff[key],
  );
  return Object.fromEntries(
    kept.map(([key, value]) => [
      toCamelCase(olderKeys[key] ?? key),
      respellKeys(withoutNulls(value), toCamelCase),
    ]),
  );
}

/** Keras writes what is not set as null, and does not take it back everywhere. */
function withoutNulls(value: unknown): unknown {
  if (!isRecord(value)) return value;
  const kept = Object.entries(value).filter(([key, item]) => item !== null || key === "registered_name");
  return Object.fromEntries(kept.map(([key, item]) => [key, withoutNulls(item)]));
}

/** Metrics that are known by their name too; Keras 2 knows the others by their class alone. */
const namedMetric = /(Accuracy|Crossentropy|Error)$/;

/** Settings of a loss or metric that say nothing new: its name, and what Keras takes anyway. */
const defaultSettings: Readonly<Record<string, readonly unknown[]>> = {
  from_logits: [false],
  label_smoothing: [0],
  axis: [-1],
  reduction: ["sum_over_batch_size", "auto"],
  dtype: ["float32"],
};

/** A loss or metric that Keras has written as a name or as an object; the user's own code is `undefined`. */
function fromKeras(value: unknown): LossOrMetric | undefined {
  if (typeof value === "string") return value;
  if (!isRecord(value) || typeof value.class_name !== "string") return undefined;
  const { class_name: className, config, registered_name: registered = className } = value;
  if (typeof registered === "string" && registered.includes(">")) return undefined;
  if (className === "function") return fromKeras(config);
  const { name, fn, ...settings } = isRecord(config) ? config : {};
  if (className === "MeanMetricWrapper") return fromKeras(name); // Keras 2's metric given by name
  const own = Object.entries(settings).filter(
    ([key, item]) => item !== null && !defaultSettings[key]?.includes(item),
  );
  if (own.length === 0 && namedMetric.test(className)) return toSnakeCase(className);
  return { className, config: respellKeys(Object.fromEntries(own), toCamelCase) as Record<string, unknown> };
}
