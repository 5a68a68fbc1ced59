import { stripVTControlCharacters } from "node:util";
import { expect, it } from "vitest";
import { showBench } from "../../src/cli/bench-view.ts";
import type { BenchResult, OperationFigures, ProgramFigures } from "../../src/tasks/bench.ts";
import { fakeTerminal } from "./fake-terminal.ts";
import { runCli, signalAt } from "./run-cli.ts";

const quick = ["bench", "--image-size", "22", "--batch", "2", "--backend", "reference"];

const operation = (more: Partial<OperationFigures>): OperationFigures => ({
  layer: "conv2d",
  pass: "forward",
  operation: "convPool",
  flops: 4e9,
  bytesRead: 3e8,
  bytesWritten: 1e8,
  seconds: 0.02,
  binds: "compute",
  ofLimit: 0.5,
  ...more,
});

const program = (operations: readonly OperationFigures[]): ProgramFigures => ({
  runs: 10,
  seconds: 0.0213,
  imagesPerSecond: 1502.3,
  flops: 8e9,
  ofPeak: 0.76,
  ofLimit: 0.81,
  operations,
});

const result: BenchResult = {
  model: "report",
  inputShape: [256, 256, 3],
  parameters: 3_696_625,
  batch: 32,
  processor: "A processor",
  backend: "native, AVX-512, 2 threads",
  threads: 2,
  limits: {
    oneThread: { flops: 2.1e11, bandwidth: 2.2e10 },
    allThreads: { flops: 4.2e11, bandwidth: 4.1e10 },
  },
  inference: program([operation({}), operation({ layer: "dense", operation: "matmul", binds: "memory" })]),
  training: program([
    operation({}),
    operation({ pass: "backward", operation: "convPoolKernelGradient", seconds: 0.0000213 }),
    operation({ layer: "Adam", pass: "update", operation: "adamUpdate", ofLimit: 1.2 }),
  ]),
  notices: [],
};

it("shows limits, totals and a row an operation, the pass where it begins", () => {
  const { terminal, rows } = fakeTerminal(120);
  showBench(terminal, result);
  const shown = rows();
  expect(shown).toContain("Multiply-adds  210 GFLOP/s on one thread, 420 on 2");
  expect(shown).toContain("Memory         22 GB/s on one thread, 41 on 2");
  expect(shown).toContain("Model          report, 256x256x3, 3,696,625 parameters, batch 32");
  const text = shown.join("\n");
  expect(text).toContain("Predicting: 21.30 ms, 1,502 images/s, 8.0 GFLOP at 376 GFLOP/s: 76% of");
  const training = shown.slice(shown.findIndex((row) => row.startsWith("          layer")));
  expect(training.slice(0, 4)).toEqual([
    "          layer   operation                  ms   GFLOP/s     GB/s  limit  binds",
    "forward   conv2d  convPool                20.00     200.0     20.0    50%  compute",
    "backward  conv2d  convPoolKernelGradient  0.021  187793.4  18779.3    50%  compute",
    "update    Adam    adamUpdate              20.00     200.0     20.0   120%  compute",
  ]);
});

it.each([80, 70])("keeps to a terminal of %i columns", (columns) => {
  const long = operation({ layer: "block_13_expand_convolution", operation: "convBiasKernelGradient" });
  const { terminal, written } = fakeTerminal(columns);
  showBench(terminal, { ...result, training: program([long, ...result.training.operations]) });
  const lines = stripVTControlCharacters(written()).split("\n");
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns);
});

it("prints the tables, or one JSON document", async () => {
  const { status, stdout, stderr } = await runCli(quick);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toMatch(/^Backend {8}reference, plain TypeScript, 1 thread$/m);
  expect(stdout).toMatch(/^forward +conv2d +convPool +[\d.]+ +[\d.]+ +[\d.]+ +\d+% {2}(?:compute|memory)$/m);
  expect(stdout).toMatch(/^update +Adam +adamUpdate /m);
  const document = JSON.parse((await runCli([...quick, "--json"])).stdout);
  expect(Object.keys(document).sort()).toEqual(Object.keys(result).sort());
  expect(Object.keys(document.training).sort()).toEqual(Object.keys(result.training).sort());
  expect(Object.keys(document.training.operations[0]).sort()).toEqual(Object.keys(operation({})).sort());
});

it("says what is wrong in one line", async () => {
  const refused = await runCli(["bench", "--batch", "many"]);
  expect(refused.status).toBe(2);
  expect(refused.stderr).toMatch(
    /^fovea: Expected --batch to be a whole number, at least 1, found "many".*\n$/,
  );
});

it("ends on Ctrl-C", async () => {
  const args = ["bench", "--backend", "reference", "--image-size", "64", "--batch", "8"];
  const { status, stderr } = await runCli(args, { watch: signalAt("Measuring", "SIGINT") });
  expect({ status, stderr }).toEqual({
    status: 130,
    stderr: "fovea: Stopped before there was a result [interrupted]\n",
  });
});
