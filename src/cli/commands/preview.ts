import { Command } from "commander";
import { nodeMachine } from "../../platform/node/node-machine.ts";
import { type PreviewRequest, preview, previewOptionsSchema } from "../../tasks/preview.ts";
import { parseOptions } from "../../tasks/train-options.ts";
import { type CommonOptions, type Context, inContext, writeJson } from "../context.ts";
import { addSchemaOptions, flagOf } from "../options.ts";
import { quoted } from "../text.ts";
import { showProblems } from "../train-view.ts";

interface PreviewFlags extends CommonOptions, Omit<PreviewRequest, "data" | "out" | "signal"> {
  readonly out?: string;
}

const examples = `
Examples:
  fovea preview photos/
  fovea preview photos/ --augment flip,rotation=0.1,cutmix --out look.png`;

export function previewCommand(): Command {
  return addSchemaOptions(new Command("preview"), previewOptionsSchema.shape)
    .description("Draw photos of a folder beside what augmentation makes of them")
    .argument("<folder>", "the photos, one sub-folder a class")
    .option("--out <file>", "the picture (PNG), which must be new (default: preview-<data>-<n>.png)")
    .option("--json", "print one JSON document")
    .addHelpText("after", examples)
    .action((folder: string, flags: PreviewFlags) =>
      inContext(flags, (context) => run(context, folder, flags)),
    );
}

async function run({ terminal, json, signal }: Context, data: string, flags: PreviewFlags): Promise<void> {
  const { json: _, out, ...given } = flags;
  const options = parseOptions(previewOptionsSchema, given, flagOf);
  const result = await preview(nodeMachine, { data, out, ...options, signal });
  if (json) return writeJson(result);
  showProblems(terminal, result.problems);
  terminal.line(`Drawn: ${quoted(result.file)}`);
}
