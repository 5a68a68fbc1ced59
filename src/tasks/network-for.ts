import { buildModel, type Model } from "../core/model.ts";
import { describeNetwork } from "../core/networks/table.ts";
import { channelsOf, type Preprocessing } from "../data/preprocessing.ts";
import { InputError } from "../util/errors.ts";

export interface NetworkOptions {
  readonly model: string;
  /** Side of the images in pixels. */
  readonly imageSize: number;
  readonly colorMode?: Preprocessing["colorMode"];
}

/**
 * How the options and the number of classes settle the network.
 * @throws InputError `model.unknown`; `model.bad-shape` that says which image is large enough
 */
export function networkFor(options: NetworkOptions, classes: number): Model {
  const model = tryNetwork(options, classes);
  if (!(model instanceof InputError)) return model;
  const { model: name, imageSize } = options;
  const least = leastImageSize(options, classes);
  throw new InputError(
    model.code,
    `Expected an image size of at least ${least} for the model "${name}", found ${imageSize}`,
    { cause: model },
  );
}

function tryNetwork(
  { model, imageSize, colorMode = "rgb" }: NetworkOptions,
  classes: number,
): Model | InputError {
  try {
    return buildModel(describeNetwork(model, [imageSize, imageSize, channelsOf({ colorMode })], classes));
  } catch (error) {
    if (error instanceof InputError && error.code === "model.bad-shape") return error;
    throw error;
  }
}

/** A network that shrinks its images by strides and pools works from some size on. */
function leastImageSize(options: NetworkOptions, classes: number): number {
  let imageSize = options.imageSize + 1;
  while (tryNetwork({ ...options, imageSize }, classes) instanceof InputError) imageSize++;
  return imageSize;
}
