import type { LayerDescription, ModelDescription } from "../../core/description.ts";
import { InputError } from "../../util/errors.ts";

/** What TensorFlow.js's layers can and cannot do that Keras's can. */

type Fits = (value: unknown) => boolean;
const is =
  (only: unknown): Fits =>
  (value) =>
    value === only;

/** Layers of images that it has, with the settings of Keras's that it would pass over or take for others, and what these may be. */
const layers: Readonly<Record<string, Readonly<Record<string, Fits>>>> = {
  Activation: {},
  Add: {},
  Average: {},
  AveragePooling2D: {},
  BatchNormalization: {},
  Concatenate: {},
  Conv2D: { groups: is(1) },
  Cropping2D: {},
  Dense: {},
  DepthwiseConv2D: { dilationRate: (value) => [value].flat().every(is(1)) },
  Dropout: {},
  ELU: { alpha: is(1) },
  Flatten: {},
  GlobalAveragePooling2D: {},
  GlobalMaxPooling2D: {},
  LeakyReLU: {},
  MaxPooling2D: {},
  Maximum: {},
  Minimum: {},
  Multiply: {},
  PReLU: {},
  ReLU: { negativeSlope: is(0), threshold: is(0) },
  Rescaling: { scale: (value) => typeof value === "number", offset: (value) => typeof value === "number" },
  Reshape: {},
  SeparableConv2D: {},
  Softmax: {},
  UpSampling2D: {},
  ZeroPadding2D: {},
};

/** Layers that pass on what they get when predicting. It has a few of them, which then are the same. */
const passing = /^(Random\w+|(Alpha|Gaussian|Spatial)Dropout(2D)?|GaussianNoise)$/;

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

/** What it takes where nothing is said, and Keras takes otherwise. */
const beginnings: Readonly<Record<string, LayerDescription["config"]>> = { Softmax: { axis: -1 } };

/** What only training asks for, each with names of its own in TensorFlow.js. */
const forTraining = /(Initializer|Regularizer|Constraint)$/;

type LayerShapes = readonly [input: readonly number[], output: readonly number[]];

/**
 * A layer as TensorFlow.js takes it, mostly one. Shapes are those of one image.
 * @throws InputError `export.no-equal`
 */
export function toTfjsLayers(
  layer: LayerDescription,
  [inputShape, outputShape]: LayerShapes,
): LayerDescription[] {
  const { className, name, config } = layer;
  const isFlat = className === "Flatten" && inputShape.length === 1; // which its Flatten refuses
  if (isFlat || passing.test(className))
    return [{ ...layer, className: "Activation", config: { activation: "linear" } }];
  if (!Object.hasOwn(layers, className)) throw noEqual(layer, `a ${className} layer`);
  for (const [key, fits] of Object.entries(layers[className])) {
    if (config[key] !== undefined && !fits(config[key]))
      throw noEqual(layer, `${key} ${String(config[key])}`);
  }
  const reshape = { className: "Reshape", name, config: { targetShape: outputShape } };
  // -1 leaves a side open there, and no layer behind it that counts can be built
  if (className === "Reshape") return [{ ...layer, ...reshape }];
  if (config.keepdims === true) {
    const { keepdims: _, ...rest } = config; // which it passes over
    return [
      { ...layer, name: `${name}_flat`, config: rest },
      { ...reshape, inputs: [`${name}_flat`] },
    ];
  }
  return [{ ...layer, config: { ...beginnings[className], ...respelled(layer) } }];
}

function respelled(layer: LayerDescription): LayerDescription["config"] {
  const kept = Object.entries(layer.config).filter(([key]) => !forTraining.test(key));
  const { activation, ...others } = Object.fromEntries(kept);
  if (typeof activation !== "string") return others;
  if (!Object.hasOwn(activations, activation)) throw noEqual(layer, `the activation ${activation}`);
  return { ...others, activation: activations[activation] };
}

function noEqual({ name }: LayerDescription, what: string): InputError {
  const message = `Expected layers that TensorFlow.js has too, found ${what} in "${name}"`;
  return new InputError("export.no-equal", message);
}

/**
 * A model of TensorFlow.js's layers in the words of Keras 3.
 * @throws InputError `model.unsupported`
 */
export function fromTfjsLayers(description: ModelDescription): ModelDescription {
  const otherSigmoid = description.layers.find(({ config }) => config.activation === "hard_sigmoid");
  if (otherSigmoid) {
    const message = `Expected activations that mean the same here, found hard_sigmoid in "${otherSigmoid.name}": TensorFlow.js's is 0.2x + 0.5, Keras 3's x/6 + 0.5`;
    throw new InputError("model.unsupported", message);
  }
  return { ...description, layers: description.layers.map(withLastAxis) };
}

/** Of a softmax it writes axis 1, and what it computes itself is the softmax over the last axis alone: it refuses any other. */
function withLastAxis(layer: LayerDescription): LayerDescription {
  if (layer.className !== "Softmax" || layer.config.axis !== 1) return layer;
  return { ...layer, config: { ...layer.config, axis: -1 } };
}
