import { z } from "zod";
import type { OptimizerRecord } from "../core/description.ts";
import type { Compilation, Session } from "../core/session.ts";
import type { Preprocessing } from "../data/preprocessing.ts";
import { readKerasH5, writeKerasH5 } from "../formats/keras/h5.ts";
import { toPascalCase } from "../formats/keras/spelling.ts";
import type { SavedModel } from "../formats/saved-model.ts";
import type { Callback, TrainingPosition } from "../training/callback.ts";
import { InputError } from "../util/errors.ts";
import { type Classifier, inFile, toClassifier } from "./classifier.ts";
import type { Machine } from "./machine.ts";
import { runFiles } from "./run-folder.ts";
import { createWriteBehind } from "./write-behind.ts";

/** A loss that is not a number becomes null in JSON. */
const number = z.union([z.number(), z.null().transform(() => Number.NaN)]);
const metrics = z.object({ loss: number, accuracy: number });

const positionSchema = z.object({
  epoch: z.number().int().min(0),
  batch: z.number().int().min(0),
  sums: z.object({ images: z.number(), loss: number, correct: z.number() }),
  history: z.array(
    z.object({
      epoch: z.number(),
      train: metrics,
      validation: metrics,
      learningRate: z.number(),
      seconds: z.number(),
      imagesPerSecond: number,
    }),
  ),
});

/** What a model file says beside the weights. */
export interface ModelFacts {
  readonly preprocessing: Preprocessing;
  readonly classNames: readonly string[];
  readonly compilation: Compilation;
}

/** Where training stopped, whole. */
export interface Checkpoint {
  /** The file it came from. */
  readonly path: string;
  readonly position: TrainingPosition;
  readonly classifier: Classifier;
  readonly optimizer: OptimizerRecord;
}

/**
 * Keeps the best epoch in `model.h5` and the latest state in `last.h5`. The latter takes its place last: what it says is done is
 * done, and a crash before it means that the epoch is trained again, to the same bits. Training goes on while the disk takes them.
 */
export function checkpointCallback(machine: Machine, folder: string, facts: ModelFacts): Callback {
  const stage = (file: string, saved: SavedModel) => () =>
    machine.stageFile(machine.join(folder, file), writeKerasH5(saved));
  const stageBest = (session: Session) => stage(runFiles.best, savedModel(session, facts));
  const stageLast = (session: Session, position: TrainingPosition) => {
    const { optimizer } = session;
    const extra = { position: JSON.stringify(position) };
    return stage(runFiles.last, { ...savedModel(session, facts), optimizer, extra });
  };
  const disk = createWriteBehind();
  return {
    onEpochEnd: async ({ best }, position, session) => {
      const last = stageLast(session, position);
      await disk.write(best ? [stageBest(session), last] : [last]);
      return undefined;
    },
    onInterrupt: (position, session) => disk.write([stageLast(session, position)]),
    onEnd: disk.done,
  };
}

/**
 * Reads `last.h5` of a run.
 * @throws InputError `run.no-checkpoint`, `model.…`
 */
export async function readCheckpoint(machine: Machine, folder: string): Promise<Checkpoint> {
  const path = machine.join(folder, runFiles.last);
  const refuse = (found: string) =>
    new InputError("run.no-checkpoint", `Expected a state to resume from in "${path}", found ${found}`);
  if ((await machine.kindOf(path)) !== "file") throw refuse("no such file");
  const bytes = await machine.readFile(path);
  const saved = await inFile(path, () => readKerasH5(bytes));
  const { optimizer, extra } = saved;
  if (!optimizer || extra?.position === undefined) throw refuse("a model without its position in training");
  try {
    const position = positionSchema.parse(JSON.parse(extra.position));
    return {
      path,
      position,
      classifier: await inFile(path, async () => toClassifier(path, saved)),
      optimizer,
    };
  } catch (error) {
    if (error instanceof InputError) throw error;
    const found = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    throw refuse(`a damaged position: ${found}`);
  }
}

function savedModel(session: Session, { preprocessing, classNames, compilation }: ModelFacts): SavedModel {
  const { loss, optimizer } = compilation;
  const { className } = optimizer.definition;
  const named = loss.config ? { className: toPascalCase(loss.name), config: loss.config } : loss.name;
  return {
    description: session.model.description,
    weights: session.weights,
    preprocessing,
    classes: classNames,
    compile: { loss: named, optimizer: { className, config: optimizer.config }, metrics: ["accuracy"] },
  };
}
