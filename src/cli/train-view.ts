import type { DataProblem } from "../data/load.ts";
import type { ClassCount, TrainEvent } from "../tasks/train-events.ts";
import type { BatchReport, EpochReport } from "../training/callback.ts";
import { bar, duration, printable, type Terminal, table } from "./terminal.ts";

/** Milliseconds between two drawings of a bar. */
const REDRAW_MS = 80;
const BAR_WIDTH = 20;
/** Files that are listed by name; `split.json` holds all. */
const LISTED = 20;

/** Shows a training run as it goes: as Keras prints it in a terminal, a line an epoch elsewhere. */
export function createTrainView(terminal: Terminal): (event: TrainEvent) => void {
  const throttled = throttle(terminal);
  return (event) => {
    if (event.type === "notice") terminal.line(event.text);
    else if (event.type === "scanned") {
      terminal.line(`Found ${event.files} files belonging to ${event.classNames.length} classes.`);
    } else if (event.type === "loading") throttled(() => loadingLine(event.done, event.total));
    else if (event.type === "loaded") showLoaded(terminal, event);
    else if (event.type === "started") showStarted(terminal, event);
    else if (event.type === "resumed") {
      const within = event.batch > 0 ? `, batch ${event.batch} of epoch ${event.epoch + 1}` : "";
      terminal.line(`\nGoing on with ${event.folder} after epoch ${event.epoch}${within}`);
    } else if (event.type === "batch") showBatch(terminal, event.report, throttled);
    else showEpoch(terminal, event.report);
  };
}

/** Draws at most so often; the last drawing before a line is settled may be left out. */
function throttle(terminal: Terminal): (text: () => string) => void {
  let drawn = Number.NEGATIVE_INFINITY;
  return (text) => {
    const now = performance.now();
    if (!terminal.interactive || now - drawn < REDRAW_MS) return;
    drawn = now;
    terminal.update(text());
  };
}

export function loadingLine(done: number, total: number): string {
  return `Reading photos ${done}/${total} ${bar(done / total, BAR_WIDTH)}`;
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
  for (const { relativePath, reason } of problems.slice(0, LISTED)) {
    terminal.line(`  ${printable(relativePath)}  ${terminal.dim(printable(reason))}`);
  }
  if (problems.length > LISTED) terminal.line(`  … and ${problems.length - LISTED} more`);
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
  terminal.line(`Model ${event.model}, ${parameters} parameters; backend ${event.backend}`);
  terminal.line(`Run folder ${printable(event.folder)}`);
}

function showBatch(terminal: Terminal, report: BatchReport, draw: (text: () => string) => void): void {
  if (report.batch === 1 && terminal.interactive) terminal.line(`Epoch ${report.epoch}/${report.epochs}`);
  draw(() => {
    const left = (report.seconds / report.batch) * (report.batches - report.batch);
    const metrics = `accuracy: ${number(report.metrics.accuracy)} - loss: ${number(report.metrics.loss)}`;
    const rate = `${report.imagesPerSecond.toFixed(0)} images/s`;
    return `${progress(report.batch, report.batches)} ${duration(left)} left - ${metrics} - ${rate}`;
  });
}

function showEpoch(terminal: Terminal, { record, epochs, batches, best }: EpochReport): void {
  const { train, validation, seconds, imagesPerSecond } = record;
  const step = `${duration(seconds)} ${duration(seconds / batches)}/step`;
  const metrics = [
    `accuracy: ${number(train.accuracy)}`,
    `loss: ${number(train.loss)}`,
    `val_accuracy: ${number(validation.accuracy)}`,
    `val_loss: ${number(validation.loss)}`,
    `${imagesPerSecond.toFixed(0)} images/s`,
  ].join(" - ");
  const start = terminal.interactive ? progress(batches, batches) : `Epoch ${record.epoch}/${epochs}`;
  terminal.settle(`${start} ${step} - ${metrics}${best ? " - best so far" : ""}`);
}

function progress(done: number, total: number): string {
  return `${done}/${total} ${bar(done / total, BAR_WIDTH)}`;
}

const number = (value: number) => (Number.isFinite(value) ? value.toFixed(4) : String(value));
