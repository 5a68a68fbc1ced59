import { Command } from "commander";
import { nodeMachine } from "../../platform/node/node-machine.ts";
import { bench } from "../../tasks/bench.ts";
import { showBench } from "../bench-view.ts";
import { type CommonOptions, inContext, writeJson } from "../context.ts";
import { addBackendOption, flagOf, toNumber } from "../options.ts";

interface BenchFlags extends CommonOptions {
  readonly batch?: number;
  readonly threads?: number;
  readonly imageSize?: number;
  readonly backend?: string;
}

const examples = `
Examples:
  fovea bench                                      the report's network, 32 images at once
  fovea bench runs/photos-2026-01-31-1 --batch 1
  fovea bench --threads 1 --json`;

export function benchCommand(): Command {
  return addBackendOption(new Command("bench"))
    .description("Show what this machine can do, and where a model's time goes")
    .argument(
      "[model]",
      "a run folder, a model file (.keras, .h5, .onnx, …) or the name of a network (default: report)",
    )
    .option("--batch <number>", "images at once (default: 32)", toNumber)
    .option("--threads <number>", "threads (default: as many as the machine has cores)", toNumber)
    .option("--image-size <number>", "side of the images of a network that is named (default: 256)", toNumber)
    .option("--json", "print one JSON document")
    .addHelpText("after", examples)
    .action((model: string | undefined, flags: BenchFlags) =>
      inContext(flags, async ({ terminal, json, signal }) => {
        const { json: _, ...options } = flags;
        const onProgress = (doing: string) =>
          terminal.interactive ? terminal.update(`${doing} …`) : terminal.line(doing);
        const result = await bench(nodeMachine, { model, ...options, onProgress, signal }, flagOf);
        terminal.settle();
        for (const notice of result.notices) process.stderr.write(`${notice}\n`);
        if (json) writeJson(result);
        else showBench(terminal, result);
      }),
    );
}
