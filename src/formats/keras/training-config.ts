import { z } from "zod";
import type { OptimizerRecord } from "../../core/description.ts";
import type { CompileRecord } from "../saved-model.ts";
import { isRecord, respellKeys, toCamelCase, toSnakeCase } from "./spelling.ts";

/** What the optimizer is, without its state. */
type OptimizerConfig = CompileRecord["optimizer"];

/** The value of Keras's `training_config`. */
export function toTrainingConfig(optimizer: OptimizerConfig, compile: CompileRecord | undefined) {
  return {
    loss: compile === undefined ? null : toSnakeCase(compile.loss),
    metrics: compile === undefined ? null : compile.metrics.map(toSnakeCase),
    weighted_metrics: null,
    loss_weights: null,
    optimizer_config: {
      class_name: optimizer.className,
      config: respellKeys(optimizer.config, toSnakeCase),
    },
  };
}

const trainingSchema = z.object({
  loss: z.unknown(),
  metrics: z.unknown(),
  optimizer_config: z.object({ class_name: z.string(), config: z.record(z.string(), z.unknown()) }),
});

export interface TrainingConfig {
  readonly optimizer: OptimizerConfig;
  /** Absent where the loss or a metric is more than a name: several, with settings, or the user's own code. */
  readonly compile?: CompileRecord;
}

/** `config` is the value of `training_config`. A training set-up that Fovea has no words for is `undefined`. */
export function fromTrainingConfig(config: unknown): TrainingConfig | undefined {
  const training = trainingSchema.safeParse(config);
  if (!training.success) return undefined;
  const { loss, metrics, optimizer_config: optimizerConfig } = training.data;
  const optimizer = {
    className: optimizerConfig.class_name.replace("Custom>", ""), // how TensorFlow's Keras 2 names its own
    config: fromOptimizerConfig(optimizerConfig.config),
  };
  const lossName = plainName(loss);
  const metricNames = (metrics === null ? [] : [metrics].flat(2)).map(plainName);
  if (lossName === undefined || !metricNames.every((name) => name !== undefined)) return { optimizer };
  return { optimizer, compile: { loss: lossName, optimizer, metrics: metricNames } };
}

/** How Keras runs an optimizer, not what the optimizer is. */
const droppedKeys = new Set(["name", "jit_compile", "is_legacy_optimizer"]);

/** Keras 3 writes these out; Keras 2 refuses them in the file of another. */
const averagingOff: Readonly<Record<string, unknown>> = { use_ema: false, ema_momentum: 0.99 };

function fromOptimizerConfig(config: Record<string, unknown>): OptimizerRecord["config"] {
  const kept = Object.entries(config).filter(
    ([key, value]) => value !== null && !droppedKeys.has(key) && value !== averagingOff[key],
  );
  return Object.fromEntries(kept.map(([key, value]) => [toCamelCase(key), respellKeys(value, toCamelCase)]));
}

/** Settings of a loss or metric that say nothing new: its name, and what Keras takes anyway. */
const defaultSettings: Readonly<Record<string, unknown>> = {
  from_logits: false,
  label_smoothing: 0,
  axis: -1,
  reduction: "sum_over_batch_size",
};

/** The name of a loss or metric that Keras has written as a name or as an object with default settings. */
function plainName(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (!isRecord(value) || typeof value.class_name !== "string") return undefined;
  if (value.class_name === "function") return plainName(value.config);
  const { name, dtype, fn, ...settings } = isRecord(value.config) ? value.config : {};
  const wrapped = value.class_name === "MeanMetricWrapper"; // Keras 2's metric given by name
  const plain = Object.entries(settings).every(
    ([key, item]) => item === null || item === defaultSettings[key],
  );
  if (!plain || value.class_name.includes(">")) return undefined;
  return wrapped ? plainName(name) : toSnakeCase(value.class_name);
}
