import { Command } from "commander";
import { nodeMachine } from "../../platform/node/node-machine.ts";
import { architectureSchema, programSchema, type Summary, summarize } from "../../tasks/summary.ts";
import { parseOptions } from "../../tasks/train-options.ts";
import { InputError } from "../../util/errors.ts";
import { type CommonOptions, inContext, writeJson } from "../context.ts";
import { addSchemaOptions, flagOf, toNumber } from "../options.ts";
import { showProgram } from "../program-view.ts";
import type { Terminal } from "../terminal.ts";
import { cutText, padEnd, padStart } from "../text.ts";

interface SummaryFlags extends CommonOptions {
  readonly model?: string;
  readonly imageSize?: number;
  readonly classes?: number;
  readonly program?: boolean;
  readonly batch?: number;
  readonly training?: boolean;
  readonly inference?: boolean;
}

const examples = `
Examples:
  fovea summary                                   what train builds
  fovea summary --image-size 64 --classes 10
  fovea summary runs/photos-2026-01-31-1
  fovea summary report --program --training       the operations of a training step`;

export function summaryCommand(): Command {
  return addSchemaOptions(new Command("summary"), architectureSchema.shape)
    .description("Print the layer table of a model as Keras does")
    .argument(
      "[model]",
      "a run folder, a model file (.keras, .h5, .onnx, …) or a network; without it, the network of the options",
    )
    .option("--program", "print the operations that run, after fusion, with their memory and cost")
    .option("--batch <number>", "images at once in the program (default: 32)", toNumber)
    .option("--inference", "the program that predicts (default)")
    .option("--training", "the program of a training step")
    .option("--json", "print one JSON document")
    .addHelpText("after", examples)
    .action((path: string | undefined, flags: SummaryFlags) =>
      inContext(flags, async ({ terminal, json }) => {
        const { json: _, program: __, training: ___, inference: ____, batch, ...options } = flags;
        parseOptions(architectureSchema, options, flagOf);
        parseOptions(programSchema, { batch }, flagOf);
        const summary = await summarize(nodeMachine, { path, ...options, batch, program: programOf(flags) });
        if (json) writeJson(summary);
        else if (summary.program) showProgram(terminal, summary.program);
        else showSummary(terminal, summary);
      }),
    );
}

/** Which program, if any of the flags that are about one is given. */
function programOf({
  program,
  batch,
  training,
  inference,
}: SummaryFlags): "training" | "inference" | undefined {
  if (training && inference) {
    throw new InputError("option.conflict", "Expected --training or --inference, found both");
  }
  if (training) return "training";
  return program || inference || batch !== undefined ? "inference" : undefined;
}

/** Keras's columns, in a terminal of 80. */
const WIDTHS: readonly number[] = [35, 26, 15];
const EDGES = 4;

function showSummary(terminal: Terminal, { name, layers, parameters, trainableParameters }: Summary): void {
  const widths = fittedWidths(terminal.columns);
  const rule = (left: string, line: string, cross: string, right: string) =>
    terminal.line(left + widths.map((width) => line.repeat(width)).join(cross) + right);
  const row = (edge: string, cells: readonly string[]) => terminal.line(tableRow(widths, edge, cells));
  terminal.line(`Model: "${name}"`);
  rule("┏", "━", "┳", "┓");
  row("┃", ["Layer (type)", "Output Shape", "Param #"]);
  rule("┡", "━", "╇", "┩");
  layers.forEach((layer, index) => {
    if (index > 0) rule("├", "─", "┼", "┤");
    const shape = `(${layer.outputShape.map((side) => side ?? "None").join(", ")})`;
    row("│", [`${layer.name} (${layer.className})`, shape, layer.parameters.toLocaleString("en-US")]);
  });
  rule("└", "─", "┴", "┘");
  const size = (count: number) => `${count.toLocaleString("en-US")} (${memorySize(4 * count)})`;
  terminal.line(` Total params: ${size(parameters)}`);
  terminal.line(` Trainable params: ${size(trainableParameters)}`);
  terminal.line(` Non-trainable params: ${size(parameters - trainableParameters)}`);
}

/** In a narrow terminal the first two columns give way. */
function fittedWidths(columns: number): number[] {
  const [names, shapes, counts] = WIDTHS;
  const excess = Math.max(0, names + shapes + counts + EDGES - columns);
  return [Math.max(12, names - Math.ceil(excess / 2)), Math.max(10, shapes - Math.floor(excess / 2)), counts];
}

function tableRow(widths: readonly number[], edge: string, [name, shape, count]: readonly string[]): string {
  const left = (text: string, width: number) => padEnd(` ${cutText(text, width - 2)}`, width);
  const cells = [left(name, widths[0]), left(shape, widths[1]), `${padStart(count, widths[2] - 1)} `];
  return ["", ...cells, ""].join(edge);
}

/** As Keras says it: "14.10 MB". */
function memorySize(bytes: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), units.length - 1);
  return `${(bytes / 1024 ** power).toFixed(2)} ${units[power]}`;
}
