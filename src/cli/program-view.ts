import type { CallSummary, ProgramSummary, TensorSummary } from "../tasks/program-summary.ts";
import { table } from "./table.ts";
import type { Terminal } from "./terminal.ts";
import { cutText, padStart, printable, textWidth, wrapParts } from "./text.ts";

const LEAST_NAME = 8;
const DETAIL_INDENT = "      ";
const ACTIVATIONS = ["", " + ReLU", " + ReLU6"];

/** A row a call, under it what it reads and what it writes; then the sums. */
export function showProgram(terminal: Terminal, program: ProgramSummary): void {
  const { kind, batch, calls } = program;
  const header = ["", "operation", "layer", "FLOPs", "read", "written", "FLOP/B"];
  const [titles, ...rows] = fitted([header, ...calls.map(rowOf)], terminal.columns);
  terminal.line(terminal.bold(`${kind === "training" ? "A training step" : "Inference"}, batch ${batch}`));
  terminal.line(titles);
  rows.forEach((row, index) => {
    terminal.line(row);
    for (const line of detailsOf(calls[index], terminal.columns)) terminal.line(terminal.dim(line));
  });
  terminal.line();
  for (const line of table(totalsOf(program))) terminal.line(line);
}

function rowOf(call: CallSummary): string[] {
  const { index, operation, attributes, layer, pass, constant } = call;
  const name = `${operation}${ACTIVATIONS[attributes.activation ?? 0]}`;
  const whom = [printable(layer), constant ? "once" : pass === "forward" ? "" : pass];
  return [String(index), name, whom.filter(Boolean).join(", "), ...costCells(call)];
}

function costCells({
  flops,
  bytesRead,
  bytesWritten,
  intensity,
}: Omit<ProgramSummary, "calls"> | CallSummary) {
  return [scaled(flops, ""), scaled(bytesRead, "B"), scaled(bytesWritten, "B"), intensity.toFixed(1)];
}

/** `work+4096 32x127x127x16`: where a tensor lies and its shape. */
function place({ region, byteOffset, shape, dtype }: TensorSummary): string {
  const type = dtype === "float32" ? "" : ` ${dtype}`;
  return `${printable(region)}${region.startsWith("input:") ? "" : `+${byteOffset}`} ${shape.join("x")}${type}`;
}

function detailsOf({ inputs, outputs }: CallSummary, columns: number): string[] {
  const parts = [
    ...inputs.map(place),
    ...outputs.map((tensor, index) => `${index === 0 ? "→ " : ""}${place(tensor)}`),
  ];
  const [first, ...others] = wrapParts(parts, ", ", columns - DETAIL_INDENT.length, "");
  return [first, ...others].map((line) => DETAIL_INDENT + line.replaceAll(", →", " →"));
}

function totalsOf(program: ProgramSummary): string[][] {
  const { stateBytes, workBytes, constantBytes, calls } = program;
  const once = calls.filter(({ constant }) => constant).length;
  const [flops, read, written, intensity] = costCells(program);
  return [
    ["each run", `${flops}FLOP, ${read} read, ${written} written, ${intensity} FLOP/B`],
    [
      "calls",
      once > 0 ? `${calls.length}, of which ${once} run once for given weights` : String(calls.length),
    ],
    ["work", `${scaled(workBytes, "B")}: the arena of what lives within a run`],
    ...(once > 0 ? [["constants", `${scaled(constantBytes, "B")}: made of the weights alone`]] : []),
    ["state", `${scaled(stateBytes, "B")}: weights, and what the optimizer remembers`],
  ];
}

/** In a narrow terminal the layers' names give way, then the operations'. */
function fitted(rows: readonly string[][], columns: number): string[] {
  const [operations, layers] = [1, 2].map((column) => Math.max(...rows.map((row) => textWidth(row[column]))));
  const excess = Math.max(0, Math.max(...table(rows, "").map(textWidth)) - columns);
  const layerRoom = Math.max(LEAST_NAME, layers - excess);
  const operationRoom = Math.max(LEAST_NAME, operations - (excess - (layers - layerRoom)));
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => textWidth(row[column]))));
  const cut = rows.map(([index, operation, layer, ...numbers]) => [
    padStart(index, widths[0]),
    cutText(operation, operationRoom),
    cutText(layer, layerRoom),
    ...numbers.map((number, i) => padStart(number, widths[i + 3])),
  ]);
  return table(cut, "");
}

/** `1.78 G`, `33.0 MB`: in powers of a thousand, three digits or more. */
function scaled(value: number, unit: string): string {
  const power = Math.min(4, Math.max(0, Math.floor(Math.log10(Math.max(value, 1)) / 3)));
  const number = value / 1000 ** power;
  return `${power === 0 ? number : number.toPrecision(3)} ${["", "k", "M", "G", "T"][power]}${unit}`.trimEnd();
}
