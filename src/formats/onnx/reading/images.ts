import { arranged, type Feature } from "./feature.ts";
import type { Network } from "./network.ts";
import { NoEqual } from "./no-equal.ts";

/** [channels, height, width], as convolutions and pools of a graph take images, by the axes of our [height, width, channels]. */
const fromChannelsFirst = [1, 2, 0];
const asTheyAre = [0, 1, 2];

/** An image as the layer makes it: [height, width, channels]. */
export function asImage(network: Network, x: Feature): Feature {
  if (x.shape.length !== 3) throw new NoEqual(`an input of ${x.shape.length + 1} axes`);
  return network.arrange(x, fromChannelsFirst);
}

/** What a layer makes of images, as the graph has it: channels first. */
export function asChannelsFirst(made: Feature): Feature {
  const [height, width, channels] = made.layerShape;
  return { ...made, axes: made.layerShape, order: [2, 0, 1], shape: [channels, height, width] };
}

/** How the graph has an image that needs not be turned, by the axes of [height, width, channels]. */
export function imageOrder(x: Feature): readonly number[] | undefined {
  if (x.shape.length !== 3) return undefined;
  return [fromChannelsFirst, asTheyAre].find((order) => arranged(x, order) !== undefined);
}
