import { addAbortSignal } from "node:stream";
import { buffer } from "node:stream/consumers";
import { Command } from "commander";
import { writeCsv } from "../../formats/csv.ts";
import { nodeMachine } from "../../platform/node/node-machine.ts";
import { type PhotoSource, type Prediction, type PredictResult, predict } from "../../tasks/predict.ts";
import { InputError } from "../../util/errors.ts";
import { type CommonOptions, type Context, inContext, writeJson } from "../context.ts";
import { addBackendOption } from "../options.ts";
import { table } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import { cutStart, percent, printable, textWidth } from "../text.ts";
import { loadingLine } from "../train-view.ts";

interface PredictFlags extends CommonOptions {
  readonly csv?: boolean;
  readonly backend?: string;
}

/** With more classes than `MANY` the table shows the likeliest few; `--json` and `--csv` give all. */
const MANY = 5;
const LIKELIEST = 3;
/** Letters of a photo's name that are shown at least, however narrow the terminal. */
const SHORTEST_NAME = 16;

const examples = `
Examples:
  fovea predict runs/photos-2026-01-31-1 new.jpg holiday/
  fovea predict model.h5 --csv holiday/ > classes.csv
  curl -s https://example.org/cat.jpg | fovea predict model.h5 -`;

export function predictCommand(): Command {
  return addBackendOption(new Command("predict"))
    .description("Say which class photos belong to, and how surely")
    .argument("<model>", "a run folder (its best epoch) or a model file (.keras, .h5, .onnx, …)")
    .argument(
      "<photos...>",
      "photos, folders or archives (.zip, .tar.gz) of photos, or - for one photo on standard input",
    )
    .option("--csv", "print a CSV table with all probabilities")
    .option("--json", "print one JSON document")
    .addHelpText("after", examples)
    .action((model: string, paths: string[], flags: PredictFlags) => {
      if (flags.csv && flags.json)
        throw new InputError("option.conflict", "Expected --csv or --json, found both");
      const json = flags.json === true || flags.csv === true; // either way standard output is for programs
      return inContext({ json }, (context) => run(context, model, paths, flags));
    });
}

async function run(
  { terminal, signal }: Context,
  model: string,
  paths: readonly string[],
  flags: PredictFlags,
): Promise<void> {
  const { backend = "auto" } = flags;
  const onProgress = (done: number, total: number) => terminal.update(loadingLine(terminal, done, total));
  const photos = await sourcesOf(paths, signal);
  const result = await predict(nodeMachine, { model, photos, backend, onProgress, signal });
  terminal.settle();
  for (const notice of result.notices) process.stderr.write(`${notice}\n`);
  if (flags.json) writeJson(result);
  else if (flags.csv) process.stdout.write(writeCsv(csvRows(result)));
  else showPredictions(terminal, result);
  if (tellErrors(result)) process.exitCode = 2;
}

/** "-" stands for the bytes of one photo on standard input. */
async function sourcesOf(paths: readonly string[], signal: AbortSignal): Promise<PhotoSource[]> {
  const sources: PhotoSource[] = [];
  for (const path of paths) {
    if (path !== "-") sources.push(path);
    else if (process.stdin.isTTY) {
      throw new InputError("predict.no-input", "Expected a photo on standard input for -, found a terminal");
    } else
      sources.push({ name: "-", bytes: new Uint8Array(await buffer(addAbortSignal(signal, process.stdin))) });
  }
  return sources;
}

/**
 * A row a photo with its class and the probabilities, in the order of the classes, which an object's keys do not keep for
 * names such as "10" and "2"; the likeliest first where there are many.
 */
export function showPredictions(terminal: Terminal, { predictions, classes }: PredictResult): void {
  const answered = predictions.filter((prediction) => "class" in prediction);
  if (answered.length === 0) return;
  const few = classes.length <= MANY;
  const header = ["photo", "class", ...(few ? classes.map(printable) : ["", "next"])];
  const rows = answered.map(({ photo, class: name, probabilities }) => {
    const entries = classes.map((each) => [each, probabilities[each]] as const);
    const shown = few ? entries.map(([, p]) => percent(p)) : likeliest(entries);
    return [printable(photo), printable(name), ...shown];
  });
  for (const line of fittedTable([header, ...rows], terminal.columns)) terminal.line(line);
}

/** A line on standard error for each photo without an answer; true where there are some. */
function tellErrors({ predictions }: PredictResult): boolean {
  const failed = predictions.filter((prediction) => "error" in prediction);
  for (const { photo, error } of failed) {
    const named = error.message.includes(photo) ? error.message : `${photo}: ${error.message}`;
    process.stderr.write(`fovea: ${printable(named)} [${error.code}]\n`);
  }
  return failed.length > 0;
}

/** Where the rows are wider than the terminal, names lose their beginning: the end tells photos apart. */
function fittedTable(rows: readonly string[][], columns: number): string[] {
  const lines = table(rows, "");
  const excess = Math.max(...lines.map(textWidth)) - columns;
  if (excess <= 0) return lines;
  const nameWidth = Math.max(...rows.map(([name]) => textWidth(name)));
  const room = Math.max(SHORTEST_NAME, nameWidth - excess);
  return table(
    rows.map(([name, ...rest]) => [cutStart(name, room), ...rest]),
    "",
  );
}

/** The probability of the class, and the next few with theirs. */
function likeliest(entries: readonly (readonly [string, number])[]): [best: string, next: string] {
  const [best, ...next] = [...entries].sort(([, a], [, b]) => b - a).slice(0, LIKELIEST);
  return [percent(best[1]), next.map(([name, p]) => `${printable(name)} ${percent(p)}`).join(", ")];
}

function csvRows({ predictions, classes }: PredictResult): (string | number)[][] {
  const header = ["photo", "class", ...classes.map((name) => `p(${name})`), "error"];
  const rows = predictions.map((prediction: Prediction) =>
    "error" in prediction
      ? [prediction.photo, "", ...classes.map(() => ""), prediction.error.message]
      : [prediction.photo, prediction.class, ...classes.map((name) => prediction.probabilities[name]), ""],
  );
  return [header, ...rows];
}
