import { Command } from "commander";
import { nodeMachine } from "../../platform/node/node-machine.ts";
import { type Summary, summarize } from "../../tasks/summary.ts";
import { type CommonOptions, createContext, numberOption, writeJson } from "../context.ts";
import type { Terminal } from "../terminal.ts";

interface SummaryFlags extends CommonOptions {
  readonly model?: string;
  readonly imageSize?: number;
  readonly classes?: number;
}

export function summaryCommand(): Command {
  return new Command("summary")
    .description("Print the layer table of a model as Keras does")
    .argument("[model]", "a run folder or a model file (.h5); without it, the architecture of --model")
    .option("--model <name>", "architecture (default: report)")
    .option(
      "--image-size <number>",
      "side of its images in pixels (default: 256)",
      numberOption("--image-size"),
    )
    .option("--classes <number>", "number of classes (default: 2)", numberOption("--classes"))
    .option("--json", "print one JSON document")
    .action(async (path: string | undefined, { json = false, ...rest }: SummaryFlags) => {
      const { terminal } = createContext({ json });
      const summary = await summarize(nodeMachine, { path, ...rest });
      if (json) writeJson(summary);
      else showSummary(terminal, summary);
    });
}

/** Width of the columns, as Keras sets them for a terminal of 80. */
const WIDTHS = [33, 24, 15] as const;

function showSummary(terminal: Terminal, { name, layers, parameters }: Summary): void {
  const rule = (left: string, line: string, cross: string, right: string) =>
    left + WIDTHS.map((width) => line.repeat(width)).join(cross) + right;
  terminal.line(`Model: "${name}"`);
  terminal.line(rule("┏", "━", "┳", "┓"));
  terminal.line(row("┃", ["Layer (type)", "Output Shape", "Param #"]));
  terminal.line(rule("┡", "━", "╇", "┩"));
  layers.forEach((layer, index) => {
    if (index > 0) terminal.line(rule("├", "─", "┼", "┤"));
    const shape = `(${layer.outputShape.map((side) => side ?? "None").join(", ")})`;
    terminal.line(
      row("│", [`${layer.name} (${layer.className})`, shape, layer.parameters.toLocaleString("en-US")]),
    );
  });
  terminal.line(rule("└", "─", "┴", "┘"));
  const megabytes = (parameters * 4) / 2 ** 20;
  terminal.line(` Total params: ${parameters.toLocaleString("en-US")} (${megabytes.toFixed(2)} MB)`);
  terminal.line(` Trainable params: ${parameters.toLocaleString("en-US")} (${megabytes.toFixed(2)} MB)`);
  terminal.line(" Non-trainable params: 0 (0.00 B)");
}

function row(edge: string, [name, shape, parameters]: readonly [string, string, string]): string {
  const cells = [` ${cut(name, WIDTHS[0] - 2)}`, ` ${cut(shape, WIDTHS[1] - 2)}`];
  return [
    "",
    cells[0].padEnd(WIDTHS[0]),
    cells[1].padEnd(WIDTHS[1]),
    `${parameters.padStart(WIDTHS[2] - 1)} `,
    "",
  ].join(edge);
}

const cut = (text: string, width: number) => (text.length <= width ? text : `${text.slice(0, width - 1)}…`);
