import { activation, leakyReLU, reLU, softmax } from "./activation.ts";
import { conv2d } from "./conv2d.ts";
import type { LayerDefinition } from "./define.ts";
import { dense } from "./dense.ts";
import { dropout } from "./dropout.ts";
import { flatten } from "./flatten.ts";
import { averagePooling2D, globalAveragePooling2D, maxPooling2D } from "./pooling.ts";
import { rescaling } from "./rescaling.ts";

/** Every layer that Fovea knows, by Keras's class name. */
export const layerDefinitions: ReadonlyMap<string, LayerDefinition> = new Map(
  [
    activation,
    averagePooling2D,
    conv2d,
    dense,
    dropout,
    flatten,
    globalAveragePooling2D,
    leakyReLU,
    maxPooling2D,
    reLU,
    rescaling,
    softmax,
  ].map((definition) => [definition.className, definition as LayerDefinition]),
);
