import { expect, it } from "vitest";
import { lossFor } from "../../src/core/losses.ts";
import { buildModel } from "../../src/core/model.ts";
import { reportNetwork } from "../../src/core/networks/report.ts";
import { createOptimizer } from "../../src/core/optimizers/table.ts";
import type { Program } from "../../src/core/program.ts";
import { trainingProgram } from "../../src/core/programs.ts";

const model = buildModel(reportNetwork([30, 30, 3], 1));
const record = (fused: boolean) =>
  trainingProgram(model, lossFor(1), createOptimizer("Adam"), { batchSize: 2, fused });

const originsOf = ({ nodes }: Program, operation: string) =>
  nodes.filter((node) => node.operation === operation).map(({ origin }) => `${origin?.pass} ${origin?.name}`);

it("every call of a training step says whom it serves, and in which pass", () => {
  const program = record(false);
  expect(program.nodes.filter(({ origin }) => origin === undefined)).toEqual([]);
  expect(originsOf(program, "conv2d")).toEqual(["forward conv2d", "forward conv2d_1", "forward conv2d_2"]);
  expect(originsOf(program, "conv2dInputGradient")).toEqual(["backward conv2d_2", "backward conv2d_1"]);
  expect(originsOf(program, "maxPool2dGradient")[0]).toBe("backward max_pooling2d_2");
  expect(originsOf(program, "sigmoidCrossEntropy")).toEqual(["forward loss"]);
  expect(originsOf(program, "adamUpdate")).toEqual(["update Adam"]);
});

it("a fused call serves the convolution's layer", () => {
  const program = record(true);
  expect(originsOf(program, "convPool")).toEqual(["forward conv2d", "forward conv2d_1", "forward conv2d_2"]);
  expect(originsOf(program, "convPoolInputGradient")).toEqual(["backward conv2d_2", "backward conv2d_1"]);
  expect(program.nodes.filter(({ origin }) => origin === undefined)).toEqual([]);
});
