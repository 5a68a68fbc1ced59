import type { DataProblem } from "../data/load.ts";
import type { ClassCount, TrainEvent } from "../tasks/train-events.ts";
import type { BatchReport, EpochReport } from "../training/callback.ts";
import type { EpochMetrics } from "../training/history.ts";
import { progress, throttle } from "./progress.ts";
import { table } from "./table.ts";
import type { Terminal } from "./terminal.ts";
import { duration, printable, quoted, textWidth, wrapParts } from "./text.ts";

/** Files that are listed by name; `split.json` holds all. */
const LISTED = 20;

/** Shows a training run as it goes: as Keras prints it in a terminal, a line an epoch elsewhere. */
export function createTrainView(terminal: Terminal): (event: TrainEvent) => void {
  const draw = throttle(terminal);
  const warn = once(() => warnOfNan(terminal));
  return (event) => {
    if (event.type === "notice") terminal.prose(event.text);
    else if (event.type === "scanned") {
      terminal.line(`Found ${event.files} files belonging to ${event.classNames.length} classes.`);
    } else if (event.type === "loading") draw(() => loadingLine(terminal, event.done, event.total));
    else if (event.type === "loaded") showLoaded(terminal, event);
    else if (event.type === "started") showStarted(terminal, event);
    else if (event.type === "resumed") showResumed(terminal, event);
    else if (event.type === "batch") {
      if (Number.isNaN(event.report.metrics.loss)) warn();
      showBatch(terminal, event.report, draw);
    } else {
      showEpoch(terminal, event.report);
      if (Number.isNaN(event.report.record.validation.loss)) warn();
    }
  };
}

function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (!done) work();
    done = true;
  };
}

function warnOfNan(terminal: Terminal): void {
  terminal.prose(
    "The loss is not a number any more: training has diverged and will not recover. Stop it and try a smaller --learning-rate.",
  );
}

/** How reading goes on, for `terminal.update`. */
export function loadingLine(terminal: Terminal, done: number, total: number): string {
  return `Reading photos ${progress(terminal, done, total)}`;
}

function showLoaded(terminal: Terminal, event: Extract<TrainEvent, { type: "loaded" }>): void {
  terminal.settle();
  const skipped = event.skipped.map((file) => ({ ...file, code: "data.skipped", excluded: true }));
  showProblems(terminal, [...event.problems, ...skipped]);
  for (const line of classTable(event.classes)) terminal.line(line);
}

/** Names each file that is left out, or is not what its name says, with the reason. */
export function showProblems(terminal: Terminal, problems: readonly DataProblem[]): void {
  const leftOut = problems.filter(({ excluded }) => excluded);
  const used = problems.filter(({ excluded }) => !excluded);
  listFiles(terminal, `Left out ${countFiles(leftOut.length)}:`, leftOut);
  listFiles(terminal, `Used, though something is odd about ${countFiles(used.length)}:`, used);
}

function listFiles(terminal: Terminal, title: string, problems: readonly DataProblem[]): void {
  if (problems.length === 0) return;
  terminal.line(title);
  for (const problem of problems.slice(0, LISTED)) showProblem(terminal, problem);
  if (problems.length > LISTED) {
    terminal.line(`  … and ${problems.length - LISTED} more; split.json and --json list all`);
  }
}

/** On one line where it fits; otherwise the reason goes below the name. */
function showProblem(terminal: Terminal, { relativePath, reason }: DataProblem): void {
  const [path, why] = [`  ${printable(relativePath)}`, printable(reason)];
  if (textWidth(path) + 2 + textWidth(why) <= terminal.columns)
    terminal.line(`${path}  ${terminal.dim(why)}`);
  else {
    terminal.line(path);
    for (const row of wrapParts(`      ${why}`.split(/(?<=\S) /), " ", terminal.columns, "      "))
      terminal.line(terminal.dim(row));
  }
}

const countFiles = (count: number) => (count === 1 ? "1 file" : `${count} files`);

function classTable(classes: readonly ClassCount[]): string[] {
  const total = ({ train, validation, test }: ClassCount) => train + validation + test;
  const rows = classes.map((each) => [
    printable(each.name),
    total(each),
    each.train,
    each.validation,
    each.test,
  ]);
  const sum = (column: number) => rows.reduce((all, row) => all + Number(row[column]), 0);
  const header = ["class", "photos", "train", "validation", "test"];
  return table([header, ...rows, ["together", sum(1), sum(2), sum(3), sum(4)]]);
}

function showStarted(terminal: Terminal, event: Extract<TrainEvent, { type: "started" }>): void {
  const parameters = event.parameterCount.toLocaleString("en-US");
  terminal.line();
  terminal.prose(`Model ${event.model}, ${parameters} parameters; backend ${event.backend}`);
  terminal.line(`Run folder ${printable(event.folder)}`);
}

function showResumed(terminal: Terminal, event: Extract<TrainEvent, { type: "resumed" }>): void {
  const within = event.batch > 0 ? `, batch ${event.batch} of epoch ${event.epoch + 1}` : "";
  terminal.line();
  terminal.line(`Going on with ${quoted(event.folder)} after epoch ${event.epoch}${within}`);
}

function showBatch(terminal: Terminal, report: BatchReport, draw: (text: () => string) => void): void {
  if (report.batch === 1 && terminal.interactive) terminal.line(`Epoch ${report.epoch}/${report.epochs}`);
  draw(() => {
    const done = report.batch / report.batches;
    const left = report.seconds * (1 / done - 1);
    const parts = [
      `${progress(terminal, report.batch, report.batches)} ${duration(left)} left`,
      ...metricParts(report.metrics),
      `${report.imagesPerSecond.toFixed(0)} images/s`,
    ];
    return wrapParts(parts, " - ", terminal.columns - 1, "")[0]; // what does not fit is left out
  });
}

function showEpoch(terminal: Terminal, { record, epochs, batches, best }: EpochReport): void {
  terminal.settle();
  const { epoch, train, validation, seconds, imagesPerSecond } = record;
  const start = terminal.interactive ? progress(terminal, batches, batches) : `Epoch ${epoch}/${epochs}`;
  const parts = [
    `${start} ${duration(seconds)} ${duration(seconds / batches)}/step`,
    ...metricParts(train),
    ...metricParts(validation, "val_"),
    `${imagesPerSecond.toFixed(0)} images/s`,
    ...(best ? ["best so far"] : []),
  ];
  for (const line of wrapParts(parts, " - ", terminal.columns, "    ")) terminal.line(line);
}

function metricParts({ accuracy, loss }: EpochMetrics, prefix = ""): string[] {
  return [`${prefix}accuracy: ${number(accuracy)}`, `${prefix}loss: ${number(loss)}`];
}

const number = (value: number) => (Number.isFinite(value) ? value.toFixed(4) : String(value));
