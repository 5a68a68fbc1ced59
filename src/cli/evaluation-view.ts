import type { Evaluation } from "../evaluation/evaluation.ts";
import type { Rate } from "../evaluation/wilson.ts";
import { squareTable, table } from "./table.ts";
import type { Terminal } from "./terminal.ts";
import { percent, printable, textWidth } from "./text.ts";

/** Below this many images an interval is wide enough to say so. */
const FEW_IMAGES = 100;

/** Shows an evaluation: rates with their intervals, the confusion matrix, and on how many images they rest. */
export function showEvaluation(terminal: Terminal, evaluation: Evaluation, what: string): void {
  const { images, loss, accuracy, precision, recall, positiveClass } = evaluation;
  terminal.prose(terminal.bold(`${what}: ${images} images`));
  const of = positiveClass === undefined ? "class mean" : `of "${printable(positiveClass)}"`;
  const lines = table([
    ["", "value", "95 % interval", ""],
    ["accuracy", percent(accuracy.value), interval(accuracy), countsOf(accuracy)],
    ["precision", percent(precision.value), interval(precision), of],
    ["recall", percent(recall.value), interval(recall), of],
    ["loss", loss.toFixed(4), "", ""],
  ]);
  for (const line of lines) terminal.line(line);
  if (evaluation.classes.length > 2) showClasses(terminal, evaluation);
  showConfusionMatrix(terminal, evaluation);
  if (images < FEW_IMAGES) {
    terminal.prose(`With ${images} images these rates are rough: the intervals say how rough.`);
  }
}

function showClasses(terminal: Terminal, { classes }: Evaluation): void {
  const rows = classes.map(({ name, images, precision, recall }) => [
    printable(name),
    images,
    percent(precision.value),
    interval(precision),
    percent(recall.value),
    interval(recall),
  ]);
  terminal.line();
  const header = ["class", "images", "precision", "95 % interval", "recall", "95 % interval"];
  const lines = table([header, ...rows]);
  const tooWide = Math.max(...lines.map(textWidth)) > terminal.columns;
  const rates = [header, ...rows].map(([name, count, precision, , recall]) => [
    name,
    count,
    precision,
    recall,
  ]);
  for (const line of tooWide ? table(rates) : lines) terminal.line(line);
}

function showConfusionMatrix(terminal: Terminal, { confusionMatrix, classes }: Evaluation): void {
  const names = classes.map(({ name }) => printable(name));
  terminal.line();
  terminal.prose("  rows: the true class; columns: what the model says", "  ");
  for (const line of squareTable(names, confusionMatrix, terminal.columns)) terminal.line(line);
}

function interval(rate: Rate | { readonly value: number }): string {
  if (!("interval" in rate)) return "–";
  const [low, high] = rate.interval;
  return `${percent(low)} – ${percent(high)}`;
}

function countsOf({ hits, cases }: Rate): string {
  return `${hits} of ${cases}`;
}
