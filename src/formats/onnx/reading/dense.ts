import { formatShape } from "../../../util/shapes.ts";
import { permuted } from "../graph.ts";
import type { Call } from "./call.ts";
import { floats, vector } from "./convolutions.ts";
import { asLayerHas, endsAlike, type Feature, featureOf } from "./feature.ts";
import { NoEqual } from "./no-equal.ts";

interface Kernel {
  /** [in, out] */
  readonly shape: readonly number[];
  readonly values: Float32Array;
  readonly bias?: { readonly shape: readonly number[]; readonly values: Float32Array };
}

/** alpha · x · B + beta · C */
export function gemm(call: Call): Feature {
  if (call.int("transA", 0) !== 0) throw new NoEqual("transA");
  const { shape, values } = matrix(call);
  const turned = call.int("transB", 0) !== 0;
  const kernel = turned
    ? { shape: [shape[1], shape[0]], values: permuted(values, shape, [1, 0]) }
    : { shape, values };
  const bias = call.has(2) ? gemmBias(call, kernel.shape[1]) : undefined;
  return dense(call, {
    ...kernel,
    values: scaled(kernel.values, call.float("alpha", 1)),
    ...(bias && { bias }),
  });
}

export const matMul = (call: Call): Feature => dense(call, matrix(call));

function matrix(call: Call) {
  const { shape, values } = floats(call.constant(1));
  if (shape.length !== 2) throw new NoEqual(`a matrix of ${shape.length} axes`);
  call.network.spend(values.length);
  return { shape, values };
}

function gemmBias(call: Call, units: number) {
  const given = floats(call.constant(2));
  const beta = call.float("beta", 1);
  const values = given.values.length === 1 ? new Float32Array(units).fill(given.values[0]) : given.values;
  return {
    shape: [units],
    values: scaled(vector({ kind: "constant", shape: [values.length], values }, units).values, beta),
  };
}

const scaled = (values: Float32Array, by: number) => (by === 1 ? values : values.map((value) => value * by));

/** Over the last axis. Behind a flattened image the kernel's rows are put as the layer has the image's numbers. */
function dense(call: Call, { shape, values, bias }: Kernel): Feature {
  const x = call.rows(0);
  const [inputs, units] = shape;
  if (x.shape.at(-1) !== inputs)
    throw new NoEqual(`a kernel of ${formatShape(shape)} over ${x.shape.at(-1)} numbers`);
  const isRow = x.shape.length === 1;
  const kernel = { shape, values: isRow ? asLayerHas(x, values, units) : values };
  const { layer, layerShape } = call.network.add({
    className: "Dense",
    name: call.name("Dense", 1),
    inputs: [isRow ? asRow(call, x) : asLines(call, x)],
    config: { units, useBias: bias !== undefined },
    weights: { kernel, ...(bias && { bias }) },
  });
  const made = [...x.shape.slice(0, -1), units];
  return { ...featureOf(layer, layerShape), shape: made, folded: x.folded ?? false };
}

/** An array whose last axis the layer has last too. */
const asLines = (call: Call, x: Feature): Feature =>
  endsAlike(x) ? x : call.network.arrange(x, [...x.shape.keys()]);

/** All numbers of an image in one axis, in the order that the layer has them. */
export function asRow(call: Call, x: Feature): Feature {
  const shape = [x.shape[0]];
  const { layer, layerShape } = call.network.shapeLayer({ ...x, axes: shape, order: [0], shape });
  return { ...x, layer, layerShape };
}
