import { predictedClass, probabilitiesOf } from "../core/metrics.ts";
import type { Session } from "../core/session.ts";
import type { LoadedSample } from "../data/load.ts";
import type { Sample } from "../data/scan.ts";
import { type Evaluation, evaluatePredictions } from "../evaluation/evaluation.ts";
import { writeCsv } from "../formats/csv.ts";
import { type EvaluateOptions, evaluateImages } from "../training/fit.ts";
import type { InputError } from "../util/errors.ts";
import type { Machine } from "./machine.ts";
import { writeConfusionPlot } from "./pictures.ts";
import { runFiles } from "./run-folder.ts";

/** An evaluation and what it rests on. */
export interface Judgement {
  readonly evaluation: Evaluation;
  /** Those that could be had. */
  readonly samples: readonly LoadedSample[];
  /** [samples, outputs] */
  readonly predictions: Float32Array;
}

export interface JudgeOptions extends EvaluateOptions {
  /** Told of each photo that is left out, since it cannot be had any more or cannot be decoded. */
  readonly onMissing: (sample: Sample, reason: InputError) => void;
}

/** Runs the model over labelled photos and works out the rates; undefined where none of them can be had. */
export async function judge(
  session: Session,
  all: readonly LoadedSample[],
  classNames: readonly string[],
  { onMissing, ...options }: JudgeOptions,
): Promise<Judgement | undefined> {
  const outputs = session.model.outputShape[0];
  const images = {
    items: all,
    outputs,
    onMissing: (index: number, reason: InputError) => onMissing(all[index].sample, reason),
  };
  const { loss, predictions, judged } = await evaluateImages(session, images, options);
  if (judged.length === 0) return undefined;
  const samples = judged.map((index) => all[index]);
  const classes = samples.map(({ classIndex }) => classIndex);
  const evaluation = evaluatePredictions({ predictions, outputs, classes, loss }, classNames);
  return { evaluation, samples, predictions };
}

/** Writes `metrics.json`, `predictions.csv` and the confusion matrix into a folder. Returns the pictures. */
export async function writeJudgement(
  machine: Machine,
  folder: string,
  judgement: Judgement,
): Promise<string[]> {
  const { evaluation } = judgement;
  const metrics = `${JSON.stringify(evaluation, undefined, 2)}\n`;
  await machine.writeFile(machine.join(folder, runFiles.metrics), metrics);
  const table = predictionsTable(judgement);
  await machine.writeFile(machine.join(folder, runFiles.predictions), writeCsv(table));
  const plots = machine.join(folder, runFiles.plots);
  await machine.makeFolder(plots);
  return writeConfusionPlot(machine, plots, evaluation);
}

/** A header and a row a photo: path, true class, predicted class, and the probability of each class. */
function predictionsTable({ evaluation, predictions, samples }: Judgement): (string | number)[][] {
  const names = evaluation.classes.map(({ name }) => name);
  const outputs = predictions.length / samples.length;
  const header = ["path", "class", "predicted", ...names.map((name) => `p(${name})`)];
  const rows = samples.map(({ relativePath, classIndex }, row) => [
    relativePath,
    names[classIndex],
    names[predictedClass(predictions, row, outputs)],
    ...probabilitiesOf(predictions, row, outputs),
  ]);
  return [header, ...rows];
}
