import type { Call, Value } from "./call.ts";
import { vector } from "./convolutions.ts";
import { asRow } from "./dense.ts";
import { asLayerHas, type Feature } from "./feature.ts";
import { asChannelsFirst, asImage } from "./images.ts";
import { NoEqual } from "./no-equal.ts";

/** By the running statistics, channel by channel. */
export function batchNormalization(call: Call): Value {
  if (call.int("training_mode", 0) !== 0) throw new NoEqual("training_mode");
  const x = call.feature(0);
  const isRow = x.shape.length === 1;
  const input = isRow ? asRow(call, x) : asImage(call.network, x);
  const length = x.shape[0];
  const statistic = (index: number) => {
    const { shape, values } = vector(call.constant(index), length);
    return { shape, values: isRow ? asLayerHas(x, values) : values };
  };
  const names = ["gamma", "beta", "moving_mean", "moving_variance"];
  const made: Feature = call.network.add({
    className: "BatchNormalization",
    name: call.name("BatchNormalization", 1),
    inputs: [input],
    config: { axis: -1, epsilon: call.float("epsilon", 1e-5) },
    weights: Object.fromEntries(names.map((name, i) => [name, statistic(i + 1)])),
  });
  if (!isRow) return asChannelsFirst(made);
  const { layer, layerShape } = made;
  return { ...input, layer, layerShape, nonNegative: false, exclusive: true, form: undefined };
}
