import { Command } from "commander";
import { backendNames } from "../../backends/choose.ts";
import { networkNames } from "../../core/networks/table.ts";
import { nodeMachine } from "../../platform/node/node-machine.ts";
import { resume, train } from "../../tasks/train.ts";
import type { TrainResult } from "../../tasks/train-events.ts";
import { trainOptionsSchema } from "../../tasks/train-options.ts";
import { InputError } from "../../util/errors.ts";
import { type CommonOptions, type Context, createContext, numberOption, writeJson } from "../context.ts";
import { showEvaluation } from "../evaluation-view.ts";
import { printable, type Terminal } from "../terminal.ts";
import { createTrainView } from "../train-view.ts";

interface TrainFlags extends CommonOptions {
  readonly epochs?: number;
  readonly batchSize?: number;
  readonly imageSize?: number;
  readonly split?: string;
  readonly seed?: number;
  readonly model?: string;
  readonly learningRate?: number;
  readonly backend?: string;
  readonly out?: string;
  readonly resume?: string;
}

/** Exit status of a process that Ctrl-C ended. */
const INTERRUPTED = 130;

export function trainCommand(): Command {
  return withTrainOptions(new Command("train"))
    .description("Train a classifier from a folder of photos with one sub-folder a class")
    .argument("[folder]", "the photos; not needed with --resume")
    .option("--out <folder>", "run folder, which must be new (default: runs/<data>-<date>-<n>)")
    .option("--resume <run>", "go on with a run, to the same bits as if it had never stopped")
    .option("--json", "print one JSON document")
    .action(async (folder: string | undefined, flags: TrainFlags) => {
      const context = createContext(flags);
      const result = await (flags.resume === undefined
        ? startRun(context, folder, flags)
        : resumeRun(context, folder, flags, flags.resume));
      if (context.json) writeJson(result);
      else showResult(context.terminal, result);
      if (result.ended === "interrupted") process.exitCode = INTERRUPTED;
    });
}

/** Adds a flag for each option of training, with its sentence and default. */
function withTrainOptions(command: Command): Command {
  const choices: Record<string, readonly string[]> = { model: networkNames, backend: backendNames };
  for (const [name, schema] of Object.entries(trainOptionsSchema.shape)) {
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    const fallback = schema.parse(undefined);
    const known = choices[name] ? `: ${choices[name].join(", ")}` : "";
    const text = `${lowerFirst(schema.description ?? "")}${known} (default: ${fallback})`;
    if (typeof fallback === "number") command.option(`${flag} <number>`, text, numberOption(flag));
    else command.option(`${flag} <value>`, text);
  }
  return command;
}

function startRun(
  { terminal, signal }: Context,
  folder: string | undefined,
  flags: TrainFlags,
): Promise<TrainResult> {
  if (folder === undefined) {
    throw new InputError("data.no-folder", "Expected a folder of photos, found none: fovea train <folder>");
  }
  const { json: _, resume: __, ...options } = flags;
  return train(nodeMachine, { data: folder, ...options, observe: createTrainView(terminal), signal });
}

function resumeRun(
  { terminal, signal }: Context,
  folder: string | undefined,
  flags: TrainFlags,
  run: string,
): Promise<TrainResult> {
  const settled = (
    ["batchSize", "imageSize", "split", "seed", "model", "learningRate", "out"] as const
  ).filter((name) => flags[name] !== undefined);
  if (settled.length > 0) {
    throw new InputError(
      "option.settled",
      `Expected only --epochs and --backend beside --resume: ${settled.join(", ")} cannot change in a run that goes on`,
    );
  }
  const { epochs, backend } = flags;
  return resume(nodeMachine, {
    run,
    data: folder,
    epochs,
    backend,
    observe: createTrainView(terminal),
    signal,
  });
}

/** What a run came to, and what to type next. */
export function showResult(terminal: Terminal, result: TrainResult): void {
  const { folder, ended, evaluation, bestEpoch, history, pictures } = result;
  const run = quoted(folder);
  terminal.line();
  if (ended === "interrupted") {
    terminal.line(`Stopped early; all is saved. Go on with:  fovea train --resume ${run}`);
    return;
  }
  if (bestEpoch === undefined) {
    terminal.line("The loss is not a number, so no epoch could be kept. Try a smaller --learning-rate.");
    return;
  }
  terminal.line(`Best of ${history.length} epochs by validation loss: epoch ${bestEpoch}`);
  terminal.line();
  if (evaluation) showEvaluation(terminal, evaluation, "On the test photos, which training never saw");
  terminal.line();
  terminal.line("Pictures:");
  for (const path of pictures.filter((each) => each.endsWith(".png"))) terminal.line(`  ${printable(path)}`);
  terminal.line("Next:");
  terminal.line(`  fovea predict ${run} <photo>`);
  terminal.line(`  fovea evaluate ${run} --data <another folder>`);
  terminal.line(`  tensorboard --logdir ${quoted(`${folder}/tensorboard`)}`);
}

/** As a shell takes it. */
export function quoted(path: string): string {
  return /^[\w./:@%+=,\\-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);
