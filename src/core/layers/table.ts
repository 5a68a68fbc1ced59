import { activation, leakyReLU, reLU, softmax } from "./activation.ts";
import { add } from "./add.ts";
import { batchNormalization } from "./batch-normalization.ts";
import { conv2d } from "./conv2d.ts";
import type { LayerDefinition } from "./define.ts";
import { dense } from "./dense.ts";
import { depthwiseConv2D } from "./depthwise-conv2d.ts";
import { dropout } from "./dropout.ts";
import { flatten } from "./flatten.ts";
import { averagePooling2D, globalAveragePooling2D, maxPooling2D } from "./pooling.ts";
import { rescaling } from "./rescaling.ts";
import { reshape } from "./reshape.ts";
import { separableConv2D } from "./separable-conv2d.ts";
import { zeroPadding2D } from "./zero-padding.ts";

/** Every layer that Fovea knows, by Keras's class name. */
export const layerDefinitions: ReadonlyMap<string, LayerDefinition> = new Map(
  [
    activation,
    add,
    averagePooling2D,
    batchNormalization,
    conv2d,
    dense,
    depthwiseConv2D,
    dropout,
    flatten,
    globalAveragePooling2D,
    leakyReLU,
    maxPooling2D,
    reLU,
    rescaling,
    reshape,
    separableConv2D,
    softmax,
    zeroPadding2D,
  ].map((definition) => [definition.className, definition as LayerDefinition]),
);
