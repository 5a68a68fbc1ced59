import type { TrainResult } from "../tasks/train-events.ts";
import { showEvaluation } from "./evaluation-view.ts";
import { ownName } from "./own-name.ts";
import type { Terminal } from "./terminal.ts";
import { printable, quoted } from "./text.ts";

/** What a run came to, and what to type next. */
export function showResult(terminal: Terminal, result: TrainResult): void {
  const { folder, ended, evaluation, bestEpoch, history } = result;
  terminal.line();
  if (ended === "interrupted") {
    terminal.line("Stopped; all that was learned is saved. Go on with:");
    terminal.line(`  ${ownName()} train --resume ${quoted(folder)}`);
    return;
  }
  if (bestEpoch === undefined) {
    terminal.prose("Every loss was not a number, so there is no model. Try a smaller --learning-rate.");
    return;
  }
  terminal.line(`The best epoch by validation loss, of ${history.length}: epoch ${bestEpoch}`);
  terminal.line();
  if (evaluation) showEvaluation(terminal, evaluation, "On the test photos, which training never saw");
  showFiles(terminal, result);
}

function showFiles(terminal: Terminal, { folder, pictures }: TrainResult): void {
  const run = quoted(folder);
  terminal.line();
  terminal.line("Pictures:");
  for (const path of pictures.filter((each) => each.endsWith(".png"))) terminal.line(`  ${printable(path)}`);
  terminal.line("Next:");
  terminal.line(`  ${ownName()} predict ${run} <photo>`);
  terminal.line(`  ${ownName()} evaluate ${run} --data <another folder>`);
  terminal.line(`  tensorboard --logdir ${quoted(`${folder}/tensorboard`)}`);
}
