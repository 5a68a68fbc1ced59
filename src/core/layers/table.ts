import { activation, eLU, leakyReLU, reLU, softmax } from "./activation.ts";
import { batchNormalization } from "./batch-normalization.ts";
import { concatenate } from "./concatenate.ts";
import { conv2d } from "./conv2d.ts";
import type { LayerDefinition } from "./define.ts";
import { dense } from "./dense.ts";
import { depthwiseConv2D } from "./depthwise-conv2d.ts";
import { dropout, spatialDropout2D } from "./dropout.ts";
import { flatten } from "./flatten.ts";
import { cropping2D, zeroPadding2D } from "./frame.ts";
import { inferenceOnly } from "./inference-only.ts";
import { add, average, maximum, minimum, subtract } from "./merge.ts";
import { multiply } from "./multiply.ts";
import { normalization } from "./normalization.ts";
import { averagePooling2D, globalAveragePooling2D, globalMaxPooling2D, maxPooling2D } from "./pooling.ts";
import { pReLU } from "./prelu.ts";
import { rescaling } from "./rescaling.ts";
import { reshape } from "./reshape.ts";
import { separableConv2D } from "./separable-conv2d.ts";
import { upSampling2D } from "./up-sampling.ts";

/** Every layer that Fovea knows, by Keras's class name. */
export const layerDefinitions: ReadonlyMap<string, LayerDefinition> = new Map(
  [
    activation,
    add,
    average,
    averagePooling2D,
    batchNormalization,
    concatenate,
    conv2d,
    cropping2D,
    dense,
    depthwiseConv2D,
    dropout,
    eLU,
    flatten,
    globalAveragePooling2D,
    globalMaxPooling2D,
    leakyReLU,
    maximum,
    maxPooling2D,
    minimum,
    multiply,
    normalization,
    pReLU,
    reLU,
    rescaling,
    reshape,
    separableConv2D,
    softmax,
    spatialDropout2D,
    subtract,
    upSampling2D,
    zeroPadding2D,
    ...inferenceOnly,
  ].map((definition) => [definition.className, definition as LayerDefinition]),
);
