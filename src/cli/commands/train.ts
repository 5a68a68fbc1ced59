import { Command } from "commander";
import { nodeMachine } from "../../platform/node/node-machine.ts";
import { type CacheOptions, cacheOptionsSchema, parseCacheOptions } from "../../tasks/photo-cache.ts";
import { resume, train } from "../../tasks/train.ts";
import type { TrainResult } from "../../tasks/train-events.ts";
import { type GivenTrainOptions, parseTrainOptions, trainOptionsSchema } from "../../tasks/train-options.ts";
import { InputError } from "../../util/errors.ts";
import { type CommonOptions, type Context, INTERRUPTED, inContext, writeJson } from "../context.ts";
import { addSchemaOptions, flagOf } from "../options.ts";
import { showResult } from "../result-view.ts";
import { createTrainView } from "../train-view.ts";

interface TrainFlags extends CommonOptions, GivenTrainOptions, CacheOptions {
  readonly out?: string;
  readonly resume?: string;
}

const examples = `
Examples:
  fovea train photos/             of photos/cats/*.jpg, photos/dogs/*.jpg, …
  fovea train photos/ --image-size 128 --epochs 40
  fovea train faces.zip --group-by 'S\\d+'      photos of a person on one side
  fovea train photos/ --split runs/photos-1     old photos keep their part
  fovea train photos/ --from model.keras       go on where Keras left off
  fovea train --resume runs/photos-2026-01-31-1`;

/** Where training bore no fruit: every loss was not a number. */
const NO_MODEL = 2;

export function trainCommand(): Command {
  const shape = { ...trainOptionsSchema.shape, ...cacheOptionsSchema.shape };
  return addSchemaOptions(new Command("train"), shape)
    .description("Train a classifier from a folder of photos with one sub-folder a class")
    .argument(
      "[photos]",
      "a folder, a manifest (.csv, .jsonl) or an archive (.zip, .tar.gz); not needed with --resume",
    )
    .option("--out <folder>", "run folder, which must be new (default: runs/<data>-<date>-<n>)")
    .option("--resume <run>", "go on with a run, to the same bits as if it had never stopped")
    .option("--json", "print one JSON document")
    .addHelpText("after", examples)
    .action((folder: string | undefined, flags: TrainFlags) =>
      inContext(flags, (context) => run(context, folder, flags)),
    );
}

async function run(context: Context, folder: string | undefined, flags: TrainFlags): Promise<void> {
  const result = await (flags.resume === undefined
    ? startRun(context, folder, flags)
    : resumeRun(context, folder, flags, flags.resume));
  if (context.json) writeJson(result);
  else showResult(context.terminal, result);
  if (result.ended === "interrupted") process.exitCode = INTERRUPTED;
  else if (result.bestEpoch === undefined) process.exitCode = NO_MODEL;
}

function startRun(
  { terminal, signal }: Context,
  folder: string | undefined,
  flags: TrainFlags,
): Promise<TrainResult> {
  if (folder === undefined) {
    throw new InputError("data.no-folder", "Expected a folder of photos, found none: fovea train <folder>");
  }
  const { json: _, resume: __, out, ...given } = flags;
  parseTrainOptions(given, flagOf);
  parseCacheOptions(given, flagOf);
  return train(nodeMachine, { ...given, data: folder, out, observe: createTrainView(terminal), signal });
}

function resumeRun(
  { terminal, signal }: Context,
  folder: string | undefined,
  flags: TrainFlags,
  run: string,
): Promise<TrainResult> {
  const open = ["epochs", "backend", ...Object.keys(cacheOptionsSchema.shape), "resume", "json", "debug"];
  const settled = Object.keys(flags).filter((name) => !open.includes(name));
  if (settled.length > 0) {
    throw new InputError(
      "option.settled",
      `Expected only --epochs, --backend and those of the cache beside --resume: ${settled.map(flagOf).join(", ")} cannot change in a run that goes on`,
    );
  }
  const { epochs, backend } = flags;
  parseTrainOptions({ epochs, backend }, flagOf);
  const cache = parseCacheOptions(flags, flagOf);
  return resume(nodeMachine, {
    run,
    data: folder,
    epochs,
    backend,
    ...cache,
    observe: createTrainView(terminal),
    signal,
  });
}
