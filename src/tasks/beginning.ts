import { lossFor } from "../core/losses.ts";
import { initialWeightsWithPauses, type Model } from "../core/model.ts";
import { createOptimizer } from "../core/optimizers/table.ts";
import type { Compilation, Session } from "../core/session.ts";
import type { Preprocessing } from "../data/preprocessing.ts";
import { toSnakeCase } from "../formats/keras/spelling.ts";
import { InputError } from "../util/errors.ts";
import { listed } from "../util/listed.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { type Classifier, inFile, loadClassifier, matchWeights } from "./classifier.ts";
import { goingOn } from "./going-on.ts";
import type { Machine } from "./machine.ts";
import { networkFor } from "./network-for.ts";
import { ruleFor, ruleOptions } from "./rule-for.ts";
import { runFiles } from "./run-folder.ts";
import { type GivenTrainOptions, parseTrainOptions, type TrainOptions } from "./train-options.ts";

/** What a run begins with: a network of ours, the model of a file, or itself as it was when it stopped. */
export interface Beginning {
  readonly options: TrainOptions;
  readonly preprocessing: Preprocessing;
  readonly notices: readonly string[];
  /**
   * For photos of these classes; before they are known, for two.
   * @throws InputError `train.other-classes`
   */
  begin(classNames?: readonly string[]): Begun;
}

export interface Begun {
  readonly model: Model;
  readonly compilation: Compilation;
  /** Gives a session of the model its weights, and the state of its optimizer. */
  fill(session: Session): Promise<void>;
}

/** With new weights, or with what a file has where `from` names one. */
export async function beginRun(machine: Machine, given: GivenTrainOptions): Promise<Beginning> {
  const options = parseTrainOptions(given);
  return options.from === undefined ? beginAnew(options) : beginFrom(machine, options.from, given);
}

function beginAnew(options: TrainOptions): Beginning {
  const begin = (classNames: readonly string[] = ["", ""]) => {
    const model = networkFor(options, classNames.length);
    const fill = async (session: Session) => {
      await session.setWeightsWithPauses(await initialWeightsWithPauses(model, options.seed));
    };
    return { model, compilation: compilationFor(model, options), fill };
  };
  return { options, preprocessing: ruleFor(options), notices: [], begin };
}

/** Its network, weights, loss, optimizer, rule for photos and classes are what the file says. */
async function beginFrom(machine: Machine, from: string, given: GivenTrainOptions): Promise<Beginning> {
  refuseSettled(given);
  const classifier = await loadClassifier(machine, from);
  const { model, preprocessing, saved, weights } = classifier;
  const { compilation, state, notices } = await inFile(from, async () =>
    goingOn(saved, model, given.learningRate),
  );
  const options = parseTrainOptions({
    ...given,
    ...chosenBy(preprocessing),
    model: saved.description.name,
    learningRate: compilation.optimizer.config.learningRate,
    split: given.split ?? (await splitOf(machine, classifier)),
  });
  const begin = (classNames?: readonly string[]) => {
    if (classNames) checkClasses(classifier, classNames, from);
    const fill = async (session: Session) => {
      session.weights = weights;
      if (state) session.optimizer = state;
    };
    return { model, compilation, fill };
  };
  return { options, preprocessing, notices: [...classifier.notices, ...notices], begin };
}

/** What training minimises, and how. */
function compilationFor(model: Model, { learningRate }: TrainOptions): Compilation {
  return { loss: lossFor(model.outputShape[0]), optimizer: createOptimizer("Adam", { learningRate }) };
}

/**
 * All but the photos is in the checkpoint.
 * @throws InputError `model.bad-weights` where that is not of the network that the options ask for
 */
export async function beginAgain(
  { classifier, optimizer, path }: Checkpoint,
  options: TrainOptions,
): Promise<Beginning> {
  const { model, preprocessing, saved, weights, classNames } = classifier;
  if (options.from === undefined) {
    await inFile(path, async () => matchWeights(networkFor(options, classNames.length), saved.weights));
  }
  const { compilation } = goingOn(saved, model, options.learningRate);
  const fill = async (session: Session) => {
    session.weights = weights;
    session.optimizer = optimizer;
  };
  return { options, preprocessing, notices: [], begin: () => ({ model, compilation, fill }) };
}

/** @throws InputError `option.settled` */
function refuseSettled(given: GivenTrainOptions): void {
  const names = ["model", ...Object.keys(ruleOptions)] as (keyof GivenTrainOptions)[];
  const settled = names.filter((name) => given[name] !== undefined);
  if (settled.length === 0) return;
  throw new InputError(
    "option.settled",
    `Expected nothing beside --from that its model says itself, found ${settled.map(flagOf).join(", ")}`,
  );
}

const flagOf = (name: string) => `--${toSnakeCase(name).replaceAll("_", "-")}`;

function chosenBy(preprocessing: Preprocessing): GivenTrainOptions {
  const names = Object.keys(ruleOptions).filter((name) => name in preprocessing);
  const chosen = names.map((name) => [name, preprocessing[name as keyof Preprocessing]]);
  return { ...Object.fromEntries(chosen), imageSize: preprocessing.height };
}

/** Photos that a run has learned from stay where they were: to be judged by them would say nothing. */
async function splitOf(machine: Machine, { run }: Classifier): Promise<string | undefined> {
  if (run === undefined) return undefined;
  return (await machine.kindOf(machine.join(run, runFiles.split))) === "file" ? run : undefined;
}

function checkClasses(
  { saved, classNames: theirs }: Classifier,
  found: readonly string[],
  from: string,
): void {
  const same =
    saved.classes === undefined ? theirs.length === found.length : theirs.join("\0") === found.join("\0");
  if (same) return;
  const expected =
    saved.classes === undefined
      ? `${theirs.length} classes`
      : `the classes ${listed(theirs)}, in this order,`;
  throw new InputError(
    "train.other-classes",
    `Expected photos of ${expected} as the model in "${from}" has, found ${listed(found)}`,
  );
}
