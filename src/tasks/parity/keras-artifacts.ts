import type { WeightRecord } from "../../core/description.ts";
import { readKerasArchive, readKerasArchiveConfig } from "../../formats/keras/archive.ts";
import { readKerasH5, readKerasH5Config } from "../../formats/keras/h5.ts";
import { isRecord } from "../../formats/keras/spelling.ts";
import { CannotRun } from "./engine.ts";
import type { Artifacts, ReadArtifacts } from "./tensorflow-js.ts";

/** What lies in a `.keras`, for TensorFlow.js. */
export const kerasArchive: ReadArtifacts = async ({ bytes }) => {
  const [config, { weights }] = [await readKerasArchiveConfig(bytes), await readKerasArchive(bytes)];
  return inTensorFlowJs(config, weights);
};

/** What lies in a `.h5`, for TensorFlow.js. */
export const kerasH5: ReadArtifacts = async ({ bytes }) => {
  const [config, { weights }] = [await readKerasH5Config(bytes), await readKerasH5(bytes)];
  return inTensorFlowJs(config, weights);
};

/**
 * The model's config as the file has it, in the words of Keras 2, which are TensorFlow.js's. It passes over words that it does not
 * know, so what it would compute otherwise is named here.
 */
function inTensorFlowJs(config: unknown, weights: readonly WeightRecord[]): Artifacts {
  const depthwise = new Set<string>();
  const respell = (layer: unknown): unknown => {
    if (!isRecord(layer) || !isRecord(layer.config)) return layer;
    const inner = layer.config;
    const className = String(layer.class_name);
    if (Array.isArray(inner.layers))
      return { ...layer, config: { ...inner, layers: inner.layers.map(respell) } };
    const other = otherMeaning(className, inner);
    if (other !== undefined) throw new CannotRun(`its ${className} has no ${other} as Keras has it`);
    if (className === "DepthwiseConv2D") depthwise.add(String(inner.name));
    return { ...layer, config: respellConfig(className, inner) };
  };
  const modelTopology = respell(config) as object;
  const named = weights.map(({ layer, name, ...array }) => {
    const keras2 = name === "kernel" && depthwise.has(layer) ? "depthwise_kernel" : name;
    return { name: `${layer}/${keras2}`, ...array };
  });
  return { modelTopology, weights: named };
}

type Config = Readonly<Record<string, unknown>>;

function respellConfig(className: string, { batch_shape: shape, ...config }: Config): Config {
  const input = shape === undefined ? {} : { batch_input_shape: shape };
  const slope =
    className === "LeakyReLU" && "negative_slope" in config ? { alpha: config.negative_slope } : {};
  return { ...config, ...input, ...slope, ...(config.activation === "silu" && { activation: "swish" }) };
}

/** The setting that TensorFlow.js takes for another thing, or for nothing. */
function otherMeaning(className: string, config: Config): string | undefined {
  if (config.activation === "hard_sigmoid") return 'activation "hard_sigmoid"';
  const ignored = { ReLU: ["negative_slope", "threshold"], GlobalAveragePooling2D: ["keepdims"] };
  const names: readonly string[] = Object.hasOwn(ignored, className)
    ? ignored[className as keyof typeof ignored]
    : [];
  return names.find((name) => Boolean(config[name]));
}
