import { predictedClass, probabilitiesOf } from "../core/metrics.ts";
import type { Session } from "../core/session.ts";
import type { LoadedSample } from "../data/load.ts";
import { type Evaluation, evaluatePredictions } from "../evaluation/evaluation.ts";
import { writeCsv } from "../formats/csv.ts";
import { type EvaluateOptions, evaluateImages } from "../training/fit.ts";
import type { Machine } from "./machine.ts";
import { writeConfusionPlot } from "./pictures.ts";
import { runFiles } from "./run-folder.ts";

/** An evaluation and what it rests on. */
export interface Judgement {
  readonly evaluation: Evaluation;
  /** [images, outputs] */
  readonly predictions: Float32Array;
}

/** Runs the model over labelled photos and works out the rates. */
export async function judge(
  session: Session,
  samples: readonly LoadedSample[],
  classNames: readonly string[],
  options: EvaluateOptions,
): Promise<Judgement> {
  const outputs = session.model.outputShape[0];
  const items = samples.map(({ image, sample }) => ({ image, classIndex: sample.classIndex }));
  const { loss, predictions } = await evaluateImages(session, { items, outputs }, options);
  const classes = items.map(({ classIndex }) => classIndex);
  return {
    evaluation: evaluatePredictions({ predictions, outputs, classes, loss }, classNames),
    predictions,
  };
}

/** Writes `metrics.json`, `predictions.csv` and the confusion matrix into a folder. Returns the pictures. */
export async function writeJudgement(
  machine: Machine,
  folder: string,
  { evaluation, predictions }: Judgement,
  samples: readonly LoadedSample[],
): Promise<string[]> {
  const metrics = `${JSON.stringify(evaluation, undefined, 2)}\n`;
  await machine.writeFile(machine.join(folder, runFiles.metrics), metrics);
  const table = predictionsTable(evaluation, predictions, samples);
  await machine.writeFile(machine.join(folder, runFiles.predictions), writeCsv(table));
  const plots = machine.join(folder, runFiles.plots);
  await machine.makeFolder(plots);
  return writeConfusionPlot(machine, plots, evaluation);
}

/** A header and a row a photo: path, true class, predicted class, and the probability of each class. */
function predictionsTable(
  { classes }: Evaluation,
  predictions: Float32Array,
  samples: readonly LoadedSample[],
): (string | number)[][] {
  const names = classes.map(({ name }) => name);
  const outputs = predictions.length / samples.length;
  const header = ["path", "class", "predicted", ...names.map((name) => `p(${name})`)];
  const rows = samples.map(({ sample }, row) => [
    sample.relativePath,
    names[sample.classIndex],
    names[predictedClass(predictions, row, outputs)],
    ...probabilitiesOf(predictions, row, outputs),
  ]);
  return [header, ...rows];
}
