import { join } from "node:path";
import { Command } from "commander";
import { readCsv } from "../../formats/csv.ts";
import { nodeMachine } from "../../platform/node/node-machine.ts";
import { type PredictResult, predict } from "../../tasks/predict.ts";
import { checkIsFree, runFiles } from "../../tasks/run-folder.ts";
import { train } from "../../tasks/train.ts";
import type { TrainResult } from "../../tasks/train-events.ts";
import { type CommonOptions, type Context, INTERRUPTED, inContext, writeJson } from "../context.ts";
import { ownName } from "../own-name.ts";
import { showResult } from "../result-view.ts";
import { bar } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import { quoted } from "../text.ts";
import { createTrainView } from "../train-view.ts";
import { showPredictions } from "./predict.ts";

interface DemoFlags extends CommonOptions {
  readonly out?: string;
}

const FACES = 400;
const EPOCHS = 16;
/** Test photos that are classified at the end. */
const PREDICTED = 6;

export function demoCommand(): Command {
  return new Command("demo")
    .description(
      "Draw happy and sad faces, then train, judge and use a classifier of them: the whole job in a minute",
    )
    .option(
      "--out <folder>",
      "a new folder for photos and run (default: the next free fovea-demo, fovea-demo-2, …)",
    )
    .option("--json", "print one JSON document")
    .action((flags: DemoFlags) => inContext(flags, (context) => run(context, flags)));
}

async function run({ terminal, json, signal }: Context, { out }: DemoFlags): Promise<void> {
  if (out !== undefined) await checkIsFree(nodeMachine, out);
  const folder = out ?? (await freeFolder());
  const photos = join(folder, "faces");
  await drawPhotos(terminal, photos, signal);
  const trained = join(folder, "run");
  terminal.line();
  terminal.line(
    terminal.bold(`$ ${ownName()} train ${quoted(photos)} --epochs ${EPOCHS} --out ${quoted(trained)}`),
  );
  const observe = createTrainView(terminal);
  const result = await train(nodeMachine, { data: photos, epochs: EPOCHS, out: trained, observe, signal });
  if (result.ended === "interrupted") {
    process.exitCode = INTERRUPTED;
    if (json) writeJson({ photos, train: result });
    else showResult(terminal, result);
    return;
  }
  const predicted = await predictTestPhotos(photos, trained, signal);
  if (json) writeJson({ photos, train: result, predict: predicted });
  else showDemo(terminal, result, predicted);
}

async function drawPhotos(terminal: Terminal, photos: string, signal: AbortSignal): Promise<void> {
  terminal.line(terminal.bold(`Drawing ${FACES} faces into ${quoted(photos)}`));
  const { drawFaces } = await import("../../platform/node/draw.ts"); // not before it is needed: it loads slowly
  const onProgress = (done: number, total: number) =>
    terminal.update(`Drawn ${done}/${total} ${bar(done / total, 20)}`);
  const { pictures } = await drawFaces(photos, { count: FACES, signal, onProgress });
  if (signal.aborted) terminal.line(`The ${pictures} faces drawn so far are in ${quoted(photos)}`);
  signal.throwIfAborted();
}

async function freeFolder(): Promise<string> {
  for (let n = 1; ; n++) {
    const folder = n === 1 ? "fovea-demo" : `fovea-demo-${n}`;
    if ((await nodeMachine.kindOf(folder)) === undefined) return folder;
  }
}

/** Classifies some photos of the test part, as a user would classify new ones. */
async function predictTestPhotos(photos: string, run: string, signal: AbortSignal): Promise<PredictResult> {
  const [, ...rows] = readCsv(
    new TextDecoder().decode(await nodeMachine.readFile(join(run, runFiles.predictions))),
  );
  const step = Math.max(1, Math.floor(rows.length / PREDICTED));
  const paths = rows.filter((_, index) => index % step === 0).slice(0, PREDICTED);
  const sources = paths.map(([path]) => join(photos, path));
  return predict(nodeMachine, { model: run, photos: sources, signal });
}

function showDemo(terminal: Terminal, result: TrainResult, predicted: PredictResult): void {
  showResult(terminal, result);
  terminal.line();
  terminal.line(
    terminal.bold(
      `$ ${ownName()} predict ${quoted(result.folder)} …   (test photos; the folder is the truth)`,
    ),
  );
  showPredictions(terminal, predicted);
  terminal.line();
  terminal.line(`Now with your own photos, one folder a class:  ${ownName()} train <folder>`);
}
