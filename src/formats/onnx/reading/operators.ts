import {
  activation,
  clip,
  elu,
  erf,
  gate,
  gelu,
  hardSigmoid,
  leakyRelu,
  softmax,
  tanh,
} from "./activations.ts";
import type { Call, Operator, Value } from "./call.ts";
import { convolution } from "./convolutions.ts";
import { gemm, matMul } from "./dense.ts";
import { addOrFragment, divide, multiply, subtract } from "./elementwise.ts";
import { constant, constantOfShape, foldConcat, foldUnary, gather, slice } from "./folding.ts";
import { NoEqual } from "./no-equal.ts";
import { batchNormalization } from "./normalization.ts";
import { averagePool, globalPoolOf, maxPool, reduction } from "./pooling.ts";
import {
  cast,
  concat,
  flatten,
  identity,
  pad,
  reshape,
  resize,
  shapeOf,
  squeeze,
  transpose,
  unsqueeze,
} from "./shapes.ts";

/** Of constants one thing, of what layers make another. */
const eitherOf =
  (ofConstants: Operator, ofFeatures: Operator): Operator =>
  (call: Call): Value =>
    call.values.every((value) => value?.kind === "constant") ? ofConstants(call) : ofFeatures(call);

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
  ["MaxPool", maxPool],
  ["Mish", activation("mish")],
  ["Mul", multiply],
  ["Neg", onlyOfConstants((call) => foldUnary(call, (value) => -value))],
  ["Pad", pad],
  ["ReduceMax", reduction("GlobalMaxPooling2D")],
  ["ReduceMean", reduction("GlobalAveragePooling2D")],
  ["Relu", activation("relu")],
  ["Reshape", reshape],
  ["Resize", resize],
  ["Selu", activation("selu")],
  ["Shape", shapeOf],
  ["Sigmoid", gate("sigmoid")],
  ["Slice", onlyOfConstants(slice)],
  ["Softmax", softmax],
  ["Softplus", gate("softplus")],
  ["Softsign", activation("softsign")],
  ["Sqrt", onlyOfConstants((call) => foldUnary(call, Math.sqrt))],
  ["Squeeze", squeeze],
  ["Sub", subtract],
  ["Tanh", tanh],
  ["Transpose", transpose],
  ["Unsqueeze", unsqueeze],
]);
