import type { BenchResult, OperationFigures, ProgramFigures } from "../tasks/bench.ts";
import { table } from "./table.ts";
import type { Terminal } from "./terminal.ts";
import { cutText, printable, textWidth } from "./text.ts";

const GIGA = 1e9;
const LEAST_NAME = 8;

/** The machine's limits, then a table of operations for predicting and one for training. */
export function showBench(terminal: Terminal, result: BenchResult): void {
  const { model, inputShape, parameters, batch, processor, backend, threads, limits } = result;
  const { oneThread, allThreads } = limits;
  const both = (one: number, all: number, unit: string) =>
    threads === 1
      ? `${round(one)} ${unit}`
      : `${round(one)} ${unit} on one thread, ${round(all)} on ${threads}`;
  const facts = [
    ["Processor", processor],
    ["Backend", backend],
    ["Multiply-adds", both(oneThread.flops / GIGA, allThreads.flops / GIGA, "GFLOP/s")],
    ["Memory", both(oneThread.bandwidth / GIGA, allThreads.bandwidth / GIGA, "GB/s")],
    [
      "Model",
      `${printable(model)}, ${inputShape.join("x")}, ${parameters.toLocaleString("en-US")} parameters, batch ${batch}`,
    ],
  ];
  for (const [name, value] of facts) terminal.prose(`${name.padEnd(14)} ${value}`, " ".repeat(15));
  showProgram(terminal, "Predicting", result.inference);
  showProgram(terminal, "A training step", result.training);
  terminal.line();
  terminal.prose(
    "GFLOP/s and GB/s count the least that an operation has to compute and to move; limit is the share of what the processor's " +
      "arithmetic or its memory allows, whichever binds. Above 100% its numbers still lay in a cache, or what a pool throws away was left out.",
  );
}

function showProgram(terminal: Terminal, title: string, figures: ProgramFigures): void {
  const { seconds, imagesPerSecond, flops, ofPeak, ofLimit, operations } = figures;
  terminal.line();
  terminal.prose(
    `${terminal.bold(title)}: ${milliseconds(seconds)} ms, ${round(imagesPerSecond)} images/s, ` +
      `${(flops / GIGA).toFixed(1)} GFLOP at ${round(flops / seconds / GIGA)} GFLOP/s: ` +
      `${share(ofPeak)} of the multiply-adds there can be, ${share(ofLimit)} of what binds`,
  );
  const header = ["", "layer", "operation", "ms", "GFLOP/s", "GB/s", "limit", "binds"];
  const rows = operations.map((operation, index) => rowOf(operation, operations[index - 1]?.pass));
  for (const line of fitted([header, ...rows], terminal.columns)) terminal.line(line);
}

/** The pass is named where it begins. */
function rowOf(operation: OperationFigures, passBefore: string | undefined): string[] {
  const { layer, pass, operation: name, seconds, flops, bytesRead, bytesWritten, ofLimit, binds } = operation;
  return [
    pass === passBefore ? "" : pass,
    printable(layer),
    name,
    milliseconds(seconds),
    (flops / seconds / GIGA).toFixed(1),
    ((bytesRead + bytesWritten) / seconds / GIGA).toFixed(1),
    share(ofLimit),
    binds,
  ];
}

/** In a narrow terminal the operations' names give way, then the layers'. */
function fitted(rows: readonly string[][], columns: number): string[] {
  const [layers, operations] = [1, 2].map((column) => Math.max(...rows.map((row) => textWidth(row[column]))));
  const excess = Math.max(0, Math.max(...table(rows, "").map(textWidth)) - columns);
  const operationRoom = Math.max(LEAST_NAME, operations - excess);
  const layerRoom = Math.max(LEAST_NAME, layers - (excess - (operations - operationRoom)));
  const cut = rows.map(([pass, layer, operation, ...numbers]) => [
    pass,
    cutText(layer, layerRoom),
    cutText(operation, operationRoom),
    ...numbers,
  ]);
  return table(cut, "");
}

const milliseconds = (seconds: number) =>
  (1000 * seconds).toFixed(seconds < 1e-4 ? 3 : seconds < 0.1 ? 2 : 1);
const share = (value: number) => `${Math.round(100 * value)}%`;
const round = (value: number) => (value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString("en-US"));
