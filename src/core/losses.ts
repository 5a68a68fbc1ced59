import { z } from "zod";
import { InputError, suggest } from "../util/errors.ts";
import { rescale } from "./operations/elementwise.ts";
import * as ops from "./operations/losses.ts";
import type { Tensor } from "./program.ts";
import type { Recorder } from "./recorder.ts";

/** A loss over predictions and labels of shape [batch, outputs]; the result is [1], the mean over the batch. */
export interface Loss {
  /** As Keras names it. */
  readonly name: string;
  /** Its settings where they are not Keras's defaults. */
  readonly config?: Readonly<Record<string, unknown>>;
  record(recorder: Recorder, predictions: Tensor, labels: Tensor): Tensor;
}

/**
 * Where the predictions come straight from the activation that the loss undoes, the loss takes what went into it, the
 * logits: exact where probabilities round to 0 or 1. Keras does the same when it trains.
 */
function recordFromLogits(
  recorder: Recorder,
  predictions: Tensor,
  labels: Tensor,
  activation: "sigmoid" | "softmax",
  fromLogits: typeof ops.sigmoidCrossEntropy | typeof ops.softmaxCrossEntropy,
  fromProbabilities: typeof ops.binaryCrossEntropy | typeof ops.categoricalCrossEntropy,
): Tensor {
  const producer = recorder.producer(predictions);
  return producer?.operation === activation
    ? recorder.apply<"x" | "labels", "loss", never>(fromLogits, { x: producer.inputs[0], labels }, {}).loss
    : recorder.apply<"x" | "labels", "loss", never>(fromProbabilities, { x: predictions, labels }, {}).loss;
}

export const binaryCrossentropy: Loss = {
  name: "binary_crossentropy",
  record: (recorder, predictions, labels) =>
    recordFromLogits(
      recorder,
      predictions,
      labels,
      "sigmoid",
      ops.sigmoidCrossEntropy,
      ops.binaryCrossEntropy,
    ),
};

export const categoricalCrossentropy: Loss = {
  name: "categorical_crossentropy",
  record: (recorder, predictions, labels) =>
    recordFromLogits(
      recorder,
      predictions,
      labels,
      "softmax",
      ops.softmaxCrossEntropy,
      ops.categoricalCrossEntropy,
    ),
};

/** By every name that Keras gives them; classes are one column each here, so that the sparse kind is no other. */
const lossesByName: Readonly<Record<string, Loss>> = {
  binary_crossentropy: binaryCrossentropy,
  categorical_crossentropy: categoricalCrossentropy,
  sparse_categorical_crossentropy: categoricalCrossentropy,
};

const settingsSchema = z.strictObject({ labelSmoothing: z.number().min(0).max(1).default(0) });

/**
 * A loss by Keras's name, with its settings in camel case.
 * @throws InputError `loss.unknown`, `loss.bad-config`
 */
export function createLoss(name: string, config: Readonly<Record<string, unknown>> = {}): Loss {
  const loss = Object.hasOwn(lossesByName, name) ? lossesByName[name] : undefined;
  if (!loss) {
    const hint = suggest(name, Object.keys(lossesByName));
    throw new InputError("loss.unknown", `Expected a loss that Fovea has, found "${name}". ${hint}`);
  }
  const settings = settingsSchema.safeParse(config);
  if (settings.success) return withSmoothing(loss, settings.data.labelSmoothing);
  throw new InputError("loss.bad-config", `The loss ${name}: ${z.prettifyError(settings.error)}`);
}

/** Labels take a share of what all classes get alike: Szegedy et al. 2016. With one output there are two classes. */
function withSmoothing(loss: Loss, labelSmoothing: number): Loss {
  if (labelSmoothing === 0) return loss;
  return {
    name: loss.name,
    config: { labelSmoothing },
    record: (recorder, predictions, labels) => {
      const classes = loss === binaryCrossentropy ? 2 : predictions.shape[predictions.shape.length - 1];
      const share = { scale: 1 - labelSmoothing, offset: labelSmoothing / classes };
      return loss.record(recorder, predictions, recorder.apply(rescale, { x: labels }, share).y);
    },
  };
}

/** The loss that fits a classifier: one sigmoid for two classes, a softmax for more. */
export function lossFor(outputs: number): Loss {
  return outputs === 1 ? binaryCrossentropy : categoricalCrossentropy;
}
