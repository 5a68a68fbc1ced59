import { predictedClass, probabilitiesOf } from "../core/metrics.ts";
import type { LoadedSample } from "../data/load.ts";
import { evaluatePredictions } from "../evaluation/evaluation.ts";
import { toSnakeCase } from "../formats/keras/spelling.ts";
import { graphDef } from "../formats/tensorboard/graph-def.ts";
import { type HParam, sessionEnd, sessionStart } from "../formats/tensorboard/hparams.ts";
import { imageSummary, modelSummary, type PngImage } from "../formats/tensorboard/summaries.ts";
import { evaluationScalars } from "../formats/tensorboard/tags.ts";
import type { Callback, JudgedImages } from "../training/callback.ts";
import { type EventFiles, openEventFiles } from "../training/callbacks/event-files.ts";
import { inSummaries, isDue, tensorBoardCallback } from "../training/callbacks/tensorboard.ts";
import { drawErrors } from "./error-sheet.ts";
import type { Judgement } from "./judge.ts";
import type { Machine } from "./machine.ts";
import { drawConfusionMatrix } from "./pictures.ts";
import { runFiles } from "./run-folder.ts";
import { withSize } from "./sheet.ts";
import { tensorBoardOptions, updatesOf } from "./tensorboard-options.ts";
import { type TrainOptions, trainOptionsSchema } from "./train-options.ts";
import type { TrainingRun } from "./training-run.ts";

/** What a run leaves for TensorBoard, under Keras's tags where Keras has such a thing. */
export class TensorBoard {
  readonly callbacks: readonly Callback[];
  private readonly machine: Machine;
  private readonly run: TrainingRun;
  private readonly files: EventFiles;

  constructor(machine: Machine, run: TrainingRun) {
    this.machine = machine;
    this.run = run;
    this.files = openEventFiles(machine, machine.join(run.folder, runFiles.tensorboard));
    const { updateFreq, histogramFreq } = run.options;
    const curves = tensorBoardCallback(this.files, { updateFreq: updatesOf(updateFreq), histogramFreq });
    this.callbacks = [curves, this.pictures()];
  }

  /** What is known before training; not written again by a run that goes on. */
  async begin(batch: PngImage): Promise<void> {
    const { folder, options, session } = this.run;
    const now = this.machine.now();
    const name = `${this.machine.baseName(this.machine.absolute(folder))} ${now.toISOString().slice(0, 19)}Z`;
    await this.files.run.write([sessionStart(hparamsOf(options), name, now.getTime() / 1000)]);
    this.files.train.addGraph(graphDef(session.model));
    await this.files.train.write([modelSummary(session.model), imageSummary("batch_images", batch)]);
  }

  /** The judgement of the photos that were kept for the end, by the best epoch. `plot` is the confusion matrix, a PNG file. */
  async judge(
    { evaluation, samples, predictions }: Judgement,
    bestEpoch: number,
    plot: string,
  ): Promise<void> {
    const { data, options } = this.run;
    const { test } = this.files;
    const step = bestEpoch * Math.ceil(data.parts.train.length / options.batchSize);
    const { loss, accuracy } = evaluation;
    test.add(inSummaries(evaluationScalars({ loss, accuracy: accuracy.value })), step);
    const matrix = withSize(await this.machine.readFile(plot));
    test.add([imageSummary("evaluation_confusion_matrix", matrix)], step);
    if (options.imageFreq > 0) {
      const errors = await this.drawErrors({ samples, judged: [...samples.keys()], predictions });
      test.add([imageSummary("evaluation_worst_errors", errors)], step);
    }
    await test.write();
  }

  async end(): Promise<void> {
    await this.files.run.write([sessionEnd(this.machine.now().getTime() / 1000)]);
  }

  /** Training waits: beside it, drawing would hold the event loop for twice as long. */
  private pictures(): Callback {
    return {
      onEpochEnd: async ({ record, validation }) => {
        const step = record.epoch - 1;
        if (isDue(step, this.run.options.imageFreq)) await this.drawValidation(validation, step);
        return undefined;
      },
    };
  }

  private async drawValidation(validation: JudgedImages, step: number): Promise<void> {
    const { data, session } = this.run;
    const samples = data.parts.validation;
    const classes = validation.judged.map((index) => samples[index].classIndex);
    const [outputs] = session.model.outputShape;
    const predictions = { predictions: validation.predictions, outputs, classes, loss: Number.NaN };
    const evaluation = evaluatePredictions(predictions, data.classNames);
    const matrix = await drawConfusionMatrix(this.machine, evaluation);
    const errors = await this.drawErrors({ samples, ...validation });
    await this.files.validation.write(
      [imageSummary("epoch_confusion_matrix", matrix), imageSummary("epoch_worst_errors", errors)],
      step,
    );
  }

  private drawErrors({
    samples,
    judged,
    predictions,
  }: JudgedImages & { readonly samples: readonly LoadedSample[] }): Promise<PngImage> {
    const { data, session } = this.run;
    const [outputs] = session.model.outputShape;
    const photos = judged.map((index, row) => ({
      sample: samples[index],
      predicted: predictedClass(predictions, row, outputs),
      probabilities: probabilitiesOf(predictions, row, outputs),
    }));
    return drawErrors(this.machine, photos, data.classNames, data.preprocessing);
  }
}

/** What is tried most often. TensorBoard shows few columns unasked, and leaves out none that a run has. */
const always: readonly (keyof TrainOptions)[] = [
  "augment",
  "batchSize",
  "epochs",
  "imageSize",
  "learningRate",
  "model",
  "seed",
];

/** These options of a run, and those that are not as they are by default, in Keras's spelling. */
function hparamsOf(options: TrainOptions): Record<string, HParam> {
  const defaults: Readonly<Record<string, unknown>> = trainOptionsSchema.parse({});
  const isShown = ([name, value]: [string, HParam | undefined]) =>
    !(name in tensorBoardOptions) &&
    (always.includes(name as keyof TrainOptions) || value !== defaults[name]);
  const shown = Object.entries(options).filter((entry): entry is [string, HParam] => isShown(entry));
  return Object.fromEntries(shown.map(([name, value]) => [toSnakeCase(name), value]));
}
