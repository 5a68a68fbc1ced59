import type { LayerDescription, ModelDescription } from "../../src/core/description.ts";

type LayerSketch = readonly [className: string, config?: Readonly<Record<string, unknown>>];

/** A sequence of layers in short: class names and configurations; names are made up as Keras does. */
export function sequence(
  inputShape: readonly [number, number, number],
  ...layers: readonly LayerSketch[]
): ModelDescription {
  const described = layers.map(
    ([className, config = {}], index): LayerDescription => ({
      className,
      name: `${className.toLowerCase()}_${index}`,
      config,
    }),
  );
  return { name: "sequential", inputShape, layers: described };
}
