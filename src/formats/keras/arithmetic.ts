import { type KerasLayer, nameOf, unsupported } from "./config-schema.ts";
import type { GraphLayer } from "./graph.ts";
import { isRecord } from "./spelling.ts";

/**
 * Arithmetic between the layers of a functional model, as in `x * 0.5 + 1`. Keras 3 writes an operation in place of a layer, Keras 2 a
 * TFOpLambda; in Fovea they are the layers that do the same.
 */

/** The name of what an operand comes from, or a number. */
type Operand = string | number;

/** A Rescaling, as scale and offset. */
type Affine = readonly [number, number];

/** By Keras 3's class: what it does to x with a number behind it, and in front. */
const withNumber: Readonly<Record<string, readonly [(n: number) => Affine, ((n: number) => Affine)?]>> = {
  Add: [(n) => [1, n], (n) => [1, n]],
  Multiply: [(n) => [n, 0], (n) => [n, 0]],
  Subtract: [(n) => [1, -n], (n) => [-1, n]],
  TrueDivide: [(n) => [1 / n, 0]],
  Divide: [(n) => [1 / n, 0]],
};
const NEGATIVE = "Negative";
const negative: Affine = [-1, 0];
/** Of two layers; these have the names of Keras's layers. */
const joins = new Set(["Add", "Multiply", "Subtract"]);

/** Keras 2's functions. */
const classes: Readonly<Record<string, string>> = {
  "__operators__.add": "Add",
  "math.add": "Add",
  "math.multiply": "Multiply",
  "math.subtract": "Subtract",
  "math.truediv": "TrueDivide",
  "math.divide": "Divide",
  "math.negative": NEGATIVE,
};

/**
 * The layer that does the same, of an operation; undefined of a layer.
 * @param node what the layer was called with
 * @throws InputError `model.unsupported`
 */
export function arithmeticLayer(layer: KerasLayer, node: unknown): GraphLayer | undefined {
  const operation = operationOf(layer);
  const operands = operation && operandsOf(node);
  if (!operation || !operands) return undefined;
  const inputs = operands.filter((each) => typeof each === "string");
  const name = nameOf(layer);
  const affine = affineOf(operation, operands);
  if (affine && inputs.length === 1) {
    const [scale, offset] = affine;
    return { layer: { class_name: "Rescaling", config: { name, scale, offset } }, inputs };
  }
  if (joins.has(operation) && inputs.length === 2 && operands.length === 2)
    return { layer: { class_name: operation, config: { name } }, inputs };
  throw unsupported(name, `${operation} of something else than layers and a number`);
}

function operationOf({ class_name: className, config }: KerasLayer): string | undefined {
  if (className === "TFOpLambda") return classes[String(config.function)];
  return className === NEGATIVE || className in withNumber ? className : undefined;
}

function affineOf(operation: string, [first, second]: readonly (Operand | undefined)[]): Affine | undefined {
  if (operation === NEGATIVE) return second === undefined ? negative : undefined;
  const [behind, inFront] = withNumber[operation];
  if (typeof second === "number") return behind(second);
  return typeof first === "number" ? inFront?.(first) : undefined;
}

/** Undefined where a layer was called, whose inputs are a list. What is no operand of ours is undefined in the list. */
function operandsOf(node: unknown): (Operand | undefined)[] | undefined {
  if (isRecord(node) && Array.isArray(node.args))
    return Array.isArray(node.args[0]) ? undefined : node.args.map(keras3Operand);
  if (!Array.isArray(node) || typeof node[0] !== "string") return undefined;
  const { y } = isRecord(node[3]) ? node[3] : {};
  return y === undefined ? [keras2Operand(node)] : [keras2Operand(node), keras2Operand(y)];
}

function keras3Operand(value: unknown): Operand | undefined {
  if (typeof value === "number") return value;
  const history = isRecord(value) && isRecord(value.config) ? value.config.keras_history : undefined;
  return Array.isArray(history) && typeof history[0] === "string" ? history[0] : undefined;
}

/** A number is "_CONSTANT_VALUE" as the first operand, and itself as the second. */
function keras2Operand(value: unknown): Operand | undefined {
  if (typeof value === "number") return value;
  const [name, , constant] = Array.isArray(value) ? value : [];
  if (name === "_CONSTANT_VALUE") return typeof constant === "number" ? constant : undefined;
  return typeof name === "string" ? name : undefined;
}
