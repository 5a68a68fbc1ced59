import type { Evaluation } from "../evaluation/evaluation.ts";
import type { Rate } from "../evaluation/wilson.ts";
import { percent, printable, type Terminal, table } from "./terminal.ts";

/** Below this many images an interval is wide enough to say so. */
const FEW_IMAGES = 100;

/** Shows an evaluation: rates with their intervals, the confusion matrix, and on how many images they rest. */
export function showEvaluation(terminal: Terminal, evaluation: Evaluation, what: string): void {
  const { images, loss, accuracy, precision, recall, positiveClass } = evaluation;
  terminal.line(terminal.bold(`${what}: ${images} images`));
  const of = positiveClass === undefined ? "mean over the classes" : `of "${printable(positiveClass)}"`;
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
    terminal.line(terminal.dim(`With ${images} images these rates are rough: the intervals say how rough.`));
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
  for (const line of table([header, ...rows])) terminal.line(line);
}

function showConfusionMatrix(terminal: Terminal, { confusionMatrix, classes }: Evaluation): void {
  const names = classes.map(({ name }) => printable(name));
  terminal.line();
  terminal.line("  rows: the true class; columns: what the model says");
  const rows = confusionMatrix.map((row, index) => [names[index], ...row]);
  for (const line of table([["", ...names], ...rows])) terminal.line(line);
}

function interval(rate: Rate | { readonly value: number }): string {
  if (!("interval" in rate)) return "–";
  const [low, high] = rate.interval;
  return `${percent(low)} – ${percent(high)}`;
}

function countsOf({ hits, cases }: Rate): string {
  return `${hits} of ${cases} right`;
}
