import { Command } from "commander";
import { nodeMachine } from "../../platform/node/node-machine.ts";
import { evaluate } from "../../tasks/evaluate.ts";
import { type CommonOptions, type Context, inContext, writeJson } from "../context.ts";
import { showEvaluation } from "../evaluation-view.ts";
import { addBackendOption } from "../options.ts";
import { quoted } from "../text.ts";
import { loadingLine, showProblems } from "../train-view.ts";

interface EvaluateFlags extends CommonOptions {
  readonly data?: string;
  readonly out?: string;
  readonly backend?: string;
}

const examples = `
Examples:
  fovea evaluate runs/photos-2026-01-31-1     on its own test photos
  fovea evaluate model.h5 --data others/ --out judged`;

export function evaluateCommand(): Command {
  return addBackendOption(new Command("evaluate"))
    .description("Judge a classifier on photos whose classes are known")
    .argument("<model>", "a run folder (its best epoch) or a model file (.keras, .h5, .onnx, …)")
    .option(
      "--data <photos>",
      "judge all photos of this folder, manifest or archive (default: the run's test part)",
    )
    .option(
      "--out <folder>",
      "write metrics.json, predictions.csv and the confusion matrix into a new folder (default: nothing is written)",
    )
    .option("--json", "print one JSON document")
    .addHelpText("after", examples)
    .action((model: string, flags: EvaluateFlags) =>
      inContext(flags, (context) => run(context, model, flags)),
    );
}

async function run(
  { terminal, json, signal }: Context,
  model: string,
  { data, out, backend }: EvaluateFlags,
) {
  const onProgress = (done: number, total: number) => terminal.update(loadingLine(terminal, done, total));
  const result = await evaluate(nodeMachine, { model, data, out, backend, onProgress, signal });
  terminal.settle();
  for (const notice of result.notices) terminal.prose(notice);
  if (json) writeJson(result);
  else {
    showProblems(terminal, result.problems);
    const what =
      result.part === "test" ? "On the run's test photos" : `On all photos of ${quoted(result.data)}`;
    showEvaluation(terminal, result.evaluation, what);
  }
}
