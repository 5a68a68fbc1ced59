import { buffer } from "node:stream/consumers";
import { Command } from "commander";
import { writeCsv } from "../../formats/csv.ts";
import { nodeMachine } from "../../platform/node/node-machine.ts";
import { type PhotoSource, type Prediction, type PredictResult, predict } from "../../tasks/predict.ts";
import { InputError } from "../../util/errors.ts";
import { type CommonOptions, createContext, writeJson } from "../context.ts";
import { percent, printable, type Terminal, table } from "../terminal.ts";

interface PredictFlags extends CommonOptions {
  readonly csv?: boolean;
  readonly backend?: string;
}

/** Classes whose probabilities the table shows; `--json` and `--csv` give all. */
const SHOWN_CLASSES = 5;

export function predictCommand(): Command {
  return new Command("predict")
    .description("Classify photos")
    .argument("<model>", "a run folder (its best epoch) or a model file (.h5)")
    .argument("<photos...>", "photos, folders of photos, or - for one photo on standard input")
    .option("--csv", "print a CSV table with all probabilities")
    .option("--backend <name>", "what computes: auto, native or reference (default: auto)")
    .option("--json", "print one JSON document")
    .action(async (model: string, paths: string[], flags: PredictFlags) => {
      if (flags.csv && flags.json)
        throw new InputError("option.conflict", "Expected --csv or --json, found both");
      const { terminal, signal } = createContext({ json: flags.json === true || flags.csv === true });
      const { backend = "auto" } = flags;
      const result = await predict(nodeMachine, { model, photos: await sourcesOf(paths), backend, signal });
      for (const notice of result.notices) process.stderr.write(`${notice}\n`);
      if (flags.json) writeJson(result);
      else if (flags.csv) process.stdout.write(writeCsv(csvRows(result)));
      else showPredictions(terminal, result);
      if (result.predictions.some((prediction) => "error" in prediction)) process.exitCode = 2;
    });
}

/** "-" stands for the bytes of one photo on standard input. */
async function sourcesOf(paths: readonly string[]): Promise<PhotoSource[]> {
  const sources: PhotoSource[] = [];
  for (const path of paths) {
    if (path !== "-") sources.push(path);
    else if (process.stdin.isTTY) {
      throw new InputError("predict.no-input", "Expected a photo on standard input for -, found a terminal");
    } else sources.push({ name: "-", bytes: new Uint8Array(await buffer(process.stdin)) });
  }
  return sources;
}

/** A row a photo with its class and the probabilities, the likeliest first where there are many. */
export function showPredictions(terminal: Terminal, { predictions, classes }: PredictResult): void {
  const answered = predictions.filter((prediction) => "class" in prediction);
  if (answered.length > 0) {
    const few = classes.length <= SHOWN_CLASSES;
    const header = few ? ["photo", "class", ...classes.map(printable)] : ["photo", "class", "probabilities"];
    const rows = answered.map(({ photo, class: name, probabilities }) => {
      const entries = Object.entries(probabilities);
      const shown = few ? entries.map(([, p]) => percent(p)) : [likeliest(entries)];
      return [printable(photo), printable(name), ...shown];
    });
    for (const line of table([header, ...rows], "")) terminal.line(line);
  }
  for (const prediction of predictions) {
    if (!("error" in prediction)) continue;
    process.stderr.write(`${printable(prediction.photo)}: ${printable(prediction.error.message)}\n`);
  }
}

function likeliest(entries: readonly (readonly [string, number])[]): string {
  const sorted = [...entries].sort(([, a], [, b]) => b - a).slice(0, SHOWN_CLASSES);
  return sorted.map(([name, p]) => `${printable(name)} ${percent(p)}`).join(", ");
}

function csvRows({ predictions, classes }: PredictResult): (string | number)[][] {
  const header = ["photo", "class", ...classes.map((name) => `p(${name})`), "error"];
  const rows = predictions.map((prediction: Prediction) =>
    "error" in prediction
      ? [prediction.photo, "", ...classes.map(() => ""), prediction.error.message]
      : [prediction.photo, prediction.class, ...Object.values(prediction.probabilities), ""],
  );
  return [header, ...rows];
}
