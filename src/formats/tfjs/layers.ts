import type { LayerDescription, ModelDescription } from "../../core/description.ts";
import { InputError } from "../../util/errors.ts";

/** What TensorFlow.js's layers can and cannot do that Keras's can. */

/** Layers of images that it has, with the settings of Keras that it would pass over in silence, and their only allowed value. */
const layers: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  Activation: {},
  Add: {},
  Average: {},
  AveragePooling2D: {},
  BatchNormalization: {},
  Concatenate: {},
  Conv2D: { groups: 1 },
  Cropping2D: {},
  Dense: {},
  DepthwiseConv2D: {},
  Dropout: {},
  ELU: {},
  Flatten: {},
  GlobalAveragePooling2D: { keepdims: false },
  GlobalMaxPooling2D: { keepdims: false },
  LeakyReLU: {},
  MaxPooling2D: {},
  Maximum: {},
  Minimum: {},
  Multiply: {},
  ReLU: { negativeSlope: 0, threshold: 0 },
  Rescaling: {},
  Reshape: {},
  SeparableConv2D: {},
  Softmax: {},
  UpSampling2D: {},
  ZeroPadding2D: {},
};

/** Activations that it has, by the names that Keras 3 has for them. `hard_sigmoid` is another function there, as in Keras 2. */
const activations: Readonly<Record<string, string>> = {
  elu: "elu",
  gelu: "gelu",
  linear: "linear",
  mish: "mish",
  relu: "relu",
  relu6: "relu6",
  selu: "selu",
  sigmoid: "sigmoid",
  silu: "swish",
  softmax: "softmax",
  softplus: "softplus",
  softsign: "softsign",
  swish: "swish",
  tanh: "tanh",
};

/** What only training asks for, each with names of its own in TensorFlow.js. */
const forTraining = /(Initializer|Regularizer|Constraint)$/;

/**
 * A layer as TensorFlow.js takes it. `outputShape` is that of one image.
 * @throws InputError `export.no-equal`
 */
export function toTfjsLayer(layer: LayerDescription, outputShape: readonly number[]): LayerDescription {
  const { className, config } = layer;
  if (!Object.hasOwn(layers, className)) throw noEqual(layer, `a ${className} layer`);
  for (const [key, only] of Object.entries(layers[className])) {
    if ((config[key] ?? only) !== only) throw noEqual(layer, `${key} ${String(config[key])}`);
  }
  // -1 leaves a side open there, and no layer behind it that counts can be built
  if (className === "Reshape") return { ...layer, config: { ...config, targetShape: outputShape } };
  if (className === "Softmax") return { ...layer, config: { axis: -1, ...config } }; // by default over axis 1 there
  const kept = Object.entries(config).filter(([key]) => !forTraining.test(key));
  const { activation, ...others } = Object.fromEntries(kept);
  if (typeof activation !== "string") return { ...layer, config: others };
  if (!Object.hasOwn(activations, activation)) throw noEqual(layer, `the activation ${activation}`);
  return { ...layer, config: { ...others, activation: activations[activation] } };
}

function noEqual({ name }: LayerDescription, what: string): InputError {
  const message = `Expected layers that TensorFlow.js has too, found ${what} in "${name}"`;
  return new InputError("export.no-equal", message);
}

/** @throws InputError `model.unsupported` */
export function refuseOtherActivations({ layers }: ModelDescription): void {
  const other = layers.find(
    ({ config }) => config.activation === "hard_sigmoid" || config.activation === "hardSigmoid",
  );
  if (!other) return;
  const message = `Expected activations that mean the same here, found hard_sigmoid in "${other.name}": TensorFlow.js's is 0.2x + 0.5, Keras 3's x/6 + 0.5`;
  throw new InputError("model.unsupported", message);
}
