import { Command } from "commander";
import { modelExtensions } from "../../formats/table.ts";
import { nodeMachine } from "../../platform/node/node-machine.ts";
import { type ImportResult, importModel, importOptionsSchema } from "../../tasks/import.ts";
import { parseOptions } from "../../tasks/train-options.ts";
import { type CommonOptions, inContext, writeJson } from "../context.ts";
import { addSchemaOptions, flagOf } from "../options.ts";
import type { Terminal } from "../terminal.ts";
import { quoted } from "../text.ts";

interface ImportFlags extends CommonOptions {
  readonly out?: string;
}

const examples = `
Examples:
  fovea import cats.onnx --classes cat,dog --out runs/cats
  fovea import resnet18.onnx --classes labels.txt --range imagenet --resize crop
  fovea import keras_model.h5 --classes labels.txt --range -1..1`;

export function importCommand(): Command {
  return addSchemaOptions(new Command("import"), importOptionsSchema.shape)
    .description("Make a run folder of a model file from elsewhere")
    .argument("<file>", `a model file (${modelExtensions})`)
    .option("-o, --out <folder>", "run folder, which must be new (default: runs/<file>-<date>-<n>)")
    .option("--json", "print one JSON document")
    .addHelpText("after", examples)
    .action((file: string, flags: ImportFlags) =>
      inContext(flags, async ({ terminal, json }) => {
        const { json: _, out, ...given } = flags;
        parseOptions(importOptionsSchema, given, flagOf);
        const result = await importModel(nodeMachine, { file, out, ...given });
        for (const notice of result.notices) terminal.prose(notice);
        if (json) writeJson(result);
        else showResult(terminal, file, result);
      }),
    );
}

function showResult(terminal: Terminal, file: string, result: ImportResult): void {
  const { folder, format, classes, parameters, assumed } = result;
  const count = parameters.toLocaleString("en-US");
  terminal.line(`Imported ${quoted(file)} (${format}): ${count} parameters, ${classes.length} classes`);
  if (assumed.length > 0) terminal.prose(`Taken for granted: ${assumed.join("; ")}`);
  terminal.line(`Run folder ${quoted(folder)}`);
}
