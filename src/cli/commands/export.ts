import { Command } from "commander";
import { modelFormats } from "../../formats/table.ts";
import { nodeMachine } from "../../platform/node/node-machine.ts";
import { type ExportResult, exportModel } from "../../tasks/export.ts";
import type { Parity } from "../../tasks/parity/check-parity.ts";
import { type CommonOptions, inContext, writeJson } from "../context.ts";
import { toNumber } from "../options.ts";
import { quoted } from "../text.ts";

interface ExportFlags extends CommonOptions {
  readonly format?: string;
  readonly out?: string;
  readonly opset?: number;
  readonly withPreprocessing?: boolean;
  readonly photos?: string[];
  readonly force?: boolean;
}

const formats = modelFormats
  .map(({ name, extension, what }) => `  ${name.padEnd(8)}${extension.padEnd(10)}${what}`)
  .join("\n");

const help = `
Formats:
${formats}

Examples:
  fovea export runs/photos-2026-01-31-1 --format keras
  fovea export runs/photos-2026-01-31-1 --out cats.onnx
  fovea export model.h5 --out elsewhere/cats.keras`;

export function exportCommand(): Command {
  return new Command("export")
    .description("Write a classifier as a file for other tools")
    .argument("<model>", "a run folder (its best epoch) or a model file (.keras, .h5, .onnx, …)")
    .option("--format <name>", "what kind of file (default: by the ending of --out)")
    .option(
      "--out <file>",
      "the file to write (default: model.<ending>, in the run folder or beside the model)",
    )
    .option("--opset <number>", "the version of ONNX's operators (default: 21)", toNumber)
    .option(
      "--with-preprocessing",
      "onnx, keras, h5: take photos of any size as bytes, and resize and scale them in the model",
    )
    .option(
      "--photos <paths...>",
      "photos that another engine is asked about (default: test photos of the run, or drawn images)",
    )
    .option("--force", "write over a file that is there")
    .option("--json", "print one JSON document")
    .addHelpText("after", help)
    .action((model: string, flags: ExportFlags) =>
      inContext(flags, async ({ terminal, json, signal }) => {
        const { json: _, ...options } = flags;
        const result = await exportModel(nodeMachine, { model, ...options, signal });
        for (const notice of result.notices) terminal.prose(notice);
        if (json) writeJson(result);
        else for (const line of linesOf(result)) terminal.prose(line);
      }),
    );
}

function linesOf({ path, bytes, parameters, readBack, parity }: ExportResult): string[] {
  const size = `${(bytes / 1e6).toFixed(1)} MB`;
  const count = parameters.toLocaleString("en-US");
  const proof = readBack ? ", read back to the bit" : "";
  return [`Wrote ${quoted(path)}: ${size}, ${count} parameters${proof}`, lineOf(parity)];
}

function lineOf(parity: Parity): string {
  if (parity.status === "not checked") return `Not checked by another engine. ${parity.why}`;
  const { engine, images, largestDifference, tolerance } = parity;
  const agrees = `${engine.name} ${engine.version} agrees on ${images.count} ${images.origin}`;
  return `${agrees}: largest difference ${largestDifference?.toExponential(1)}, allowed ${tolerance}`;
}
