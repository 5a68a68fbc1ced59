import { toModelConfig } from "./model-config.ts";
import type { FileModel } from "./photo-layers.ts";
import { isRecord } from "./spelling.ts";
import { fromTrainingConfig, type TrainingConfig, toTrainingConfig } from "./training-config.ts";

/** A whole model in Keras 3's JSON: what `config.json` of a `.keras` is, and what `keras.models.model_from_json` takes. */

/** Keras 3 finds a class by its module; without one it takes the object for Keras 2's. */
export function toKeras3Config({ description, compile, optimizer }: FileModel): unknown {
  const { class_name, config } = toModelConfig(description);
  const layers = config.layers.map((layer) => inModule("keras.layers", layer));
  const compiled = optimizer ?? compile?.optimizer;
  return {
    ...inModule("keras", { class_name: publicName(class_name), config: { ...config, layers } }),
    build_config: { input_shape: [null, ...description.inputShape] },
    ...(compiled && { compile_config: toCompileConfig(compiled, compile) }),
  };
}

/** A functional model's own class has no public module, and that of all models makes one of its config. */
function publicName(className: string): string {
  return className === "Functional" ? "Model" : className;
}

function toCompileConfig(...given: Parameters<typeof toTrainingConfig>): unknown {
  const { optimizer_config, loss, metrics, ...rest } = toTrainingConfig(...given);
  return {
    optimizer: inModule("keras.optimizers", optimizer_config),
    loss: isRecord(loss) ? inModule("keras.losses", loss) : loss,
    metrics:
      metrics?.map((metric) => (isRecord(metric) ? inModule("keras.metrics", metric) : metric)) ?? null,
    ...rest,
  };
}

function inModule<Config extends object>(module: string, config: Config) {
  return { module, ...config, registered_name: null };
}

/** How the model of such a JSON was compiled, so far as there are words for it. */
export function trainingOf(config: unknown): TrainingConfig | undefined {
  const compiled = isRecord(config) ? config.compile_config : undefined;
  return isRecord(compiled)
    ? fromTrainingConfig({ ...compiled, optimizer_config: compiled.optimizer })
    : undefined;
}
