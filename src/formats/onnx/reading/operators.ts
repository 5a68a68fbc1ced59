import {
  activation,
  clip,
  elu,
  erf,
  gate,
  gelu,
  hardSigmoid,
  leakyRelu,
  pRelu,
  softmax,
  tanh,
  thresholdedRelu,
} from "./activations.ts";
import type { Call, Operator } from "./call.ts";
import { convolution } from "./convolutions.ts";
import { gemm, matMul } from "./dense.ts";
import { addOrFragment, divide, joinOf, multiply, subtract } from "./elementwise.ts";
import { constant, constantOfShape, foldConcat, foldUnary, gather, slice } from "./folding.ts";
import { NoEqual } from "./no-equal.ts";
import { batchNormalization } from "./normalization.ts";
import { pad, resize, sliceChannels, split } from "./pixels.ts";
import { averagePool, globalPoolOf, maxPool, reduction } from "./pooling.ts";
import {
  cast,
  concat,
  flatten,
  identity,
  reshape,
  shapeOf,
  squeeze,
  transpose,
  unsqueeze,
} from "./shapes.ts";

/** Of constants one thing, of what layers make another. */
const eitherOf =
  (ofConstants: Operator, ofFeatures: Operator): Operator =>
  (call: Call): ReturnType<Operator> =>
    call.values.every((value) => value === undefined || value.kind === "constant")
      ? ofConstants(call)
      : ofFeatures(call);

const onlyOfConstants = (operator: Operator): Operator =>
  eitherOf(operator, () => {
    throw new NoEqual("of what is no constant");
  });

/** Every operator that is read, by ONNX's name. */
export const operators: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ["Add", addOrFragment],
  ["AveragePool", averagePool],
  ["BatchNormalization", batchNormalization],
  ["Cast", cast],
  ["Clip", clip],
  ["Concat", eitherOf(foldConcat, concat)],
  ["Constant", constant],
  ["ConstantOfShape", constantOfShape],
  ["Conv", convolution],
  ["Div", divide],
  ["Dropout", identity],
  ["Elu", elu],
  ["Erf", erf],
  ["Exp", activation("exponential")],
  ["Flatten", flatten],
  ["Gather", onlyOfConstants(gather)],
  ["Gelu", gelu],
  ["Gemm", gemm],
  ["GlobalAveragePool", globalPoolOf("GlobalAveragePooling2D")],
  ["GlobalMaxPool", globalPoolOf("GlobalMaxPooling2D")],
  ["HardSigmoid", hardSigmoid],
  ["HardSwish", activation("hard_silu")],
  ["Identity", identity],
  ["LeakyRelu", leakyRelu],
  ["MatMul", matMul],
  ["Max", joinOf("Maximum")],
  ["MaxPool", maxPool],
  ["Mean", joinOf("Average")],
  ["Min", joinOf("Minimum")],
  ["Mish", activation("mish")],
  ["Mul", multiply],
  ["Neg", onlyOfConstants((call) => foldUnary(call, (value) => -value))],
  ["PRelu", pRelu],
  ["Pad", pad],
  ["ReduceMax", reduction("GlobalMaxPooling2D")],
  ["ReduceMean", reduction("GlobalAveragePooling2D")],
  ["Relu", activation("relu")],
  ["Reshape", reshape],
  ["Resize", resize],
  ["Selu", activation("selu")],
  ["Shape", shapeOf],
  ["Sigmoid", gate("sigmoid")],
  ["Slice", eitherOf(slice, sliceChannels)],
  ["Softmax", softmax],
  ["Softplus", gate("softplus")],
  ["Softsign", activation("softsign")],
  ["Split", split],
  ["Sqrt", onlyOfConstants((call) => foldUnary(call, Math.sqrt))],
  ["Squeeze", squeeze],
  ["Sub", subtract],
  ["Sum", joinOf("Add")],
  ["Tanh", tanh],
  ["ThresholdedRelu", thresholdedRelu],
  ["Transpose", transpose],
  ["Unsqueeze", unsqueeze],
]);
