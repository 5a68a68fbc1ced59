import type { ModelDescription, OptimizerRecord } from "../core/description.ts";
import { createLoss, type Loss, lossFor } from "../core/losses.ts";
import type { Model } from "../core/model.ts";
import { createOptimizer, hasOptimizer, type Optimizer, unknownSettings } from "../core/optimizers/table.ts";
import type { Compilation } from "../core/session.ts";
import { toSnakeCase } from "../formats/keras/spelling.ts";
import type { LossOrMetric, SavedModel } from "../formats/saved-model.ts";
import { InputError } from "../util/errors.ts";
import { elementCount, sameShape } from "../util/shapes.ts";

/** How training that was begun in a file goes on. */
export interface GoingOn {
  readonly compilation: Compilation;
  /** What the optimizer remembers; without it, it starts anew. */
  readonly state?: OptimizerRecord;
  /** What of the training that made the file is not done here. */
  readonly notices: readonly string[];
}

/**
 * Takes up the loss and the optimizer that a model was compiled with. What Fovea has not is said in `notices`, except a loss and a
 * schedule of the learning rate: with others it would be other training.
 * @throws InputError `loss.…`, `optimizer.bad-config`, `train.schedule`
 */
export function goingOn(saved: SavedModel, model: Model, learningRate?: number): GoingOn {
  const { compile, optimizer: kept } = saved;
  const loss = compile ? lossOf(compile.loss) : lossFor(model.outputShape[0]);
  const theirs = kept ?? compile?.optimizer;
  const { className } = theirs ?? { className: "Adam" };
  const known = hasOptimizer(className);
  const optimizer = createOptimizer(
    known ? className : "Adam",
    withRate(known && theirs ? theirs.config : {}, learningRate),
  );
  const state = known && kept && isWhole(kept, model, optimizer) ? kept : undefined;
  const notices = [
    ...(known ? [] : [`Fovea has no ${className}: Adam takes its place`]),
    ...(state ? [] : ["The optimizer starts anew: the file does not have what it remembers"]),
    ...without(known && theirs ? unknownSettings(optimizer, theirs.config) : [], className),
    ...withoutOfLayers(saved.description),
  ];
  return { compilation: { loss, optimizer }, ...(state && { state }), notices };
}

/** A model that was compiled and never trained has none for its weights. */
function isWhole({ slots }: OptimizerRecord, model: Model, { definition, config }: Optimizer): boolean {
  return definition.slots(config).every((slot) => {
    const lengths = slots.filter((each) => each.slot === slot).map(({ weight }) => weight.values.length);
    const wanted = model.trainableWeights.map(({ shape }) => elementCount(shape));
    return sameShape(lengths, wanted);
  });
}

function lossOf(loss: LossOrMetric): Loss {
  return typeof loss === "string" ? createLoss(loss) : createLoss(toSnakeCase(loss.className), loss.config);
}

function withRate(config: OptimizerRecord["config"], learningRate: number | undefined) {
  if (learningRate !== undefined) return { ...config, learningRate };
  const found = config.learningRate;
  if (typeof found !== "object" || found === null) return config;
  const name = "className" in found ? String(found.className) : "of its own";
  throw new InputError(
    "train.schedule",
    `Expected a learning rate that stays, found the schedule ${name}, which Fovea does not have; a learning rate that is given takes its place`,
  );
}

function without(settings: readonly string[], owner: string): string[] {
  return settings.length === 0
    ? []
    : [`Training goes on without ${settings.map(toSnakeCase).join(", ")} of ${owner}`];
}

/** Regularizers and constraints, which change a model only while it is trained. */
function withoutOfLayers({ layers }: ModelDescription): string[] {
  const owners = new Map<string, string[]>();
  for (const { name, config } of layers) {
    for (const key of Object.keys(config).filter((each) => /(Regularizer|Constraint)$/.test(each)))
      owners.set(key, [...(owners.get(key) ?? []), name]);
  }
  return [...owners].flatMap(([key, names]) => without([key], names.join(", ")));
}
