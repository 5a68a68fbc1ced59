import { describe, expect, it } from "vitest";
import { costOf, intensityOf } from "../../src/core/cost.ts";
import { binaryCrossentropy } from "../../src/core/losses.ts";
import { buildModel } from "../../src/core/model.ts";
import { reportNetwork } from "../../src/core/networks/report.ts";
import { type OperationName, operationNames } from "../../src/core/operations/table.ts";
import { createOptimizer } from "../../src/core/optimizers/table.ts";
import { inferenceProgram, trainingProgram } from "../../src/core/programs.ts";
import { operationCases } from "../backends/operation-cases.ts";
import { prepareOperation } from "../backends/operation-run.ts";

/** The cost of a case of the backends' tests. */
function costOfCase(operation: OperationName, title: string) {
  const one = operationCases[operation].find((candidate) => candidate.title === title);
  const { program } = prepareOperation(operation, one!);
  return costOf(program.nodes[0]!);
}

describe("costOf", () => {
  it.each(operationNames)("%s costs something, and moves what its tensors hold", (operation) => {
    for (const one of operationCases[operation]) {
      const { program, inputs } = prepareOperation(operation, one);
      const { flops, bytesRead, bytesWritten } = costOf(program.nodes[0]!);
      expect(Number.isInteger(flops)).toBe(true);
      if (!["fill", "concatenate", "sliceChannels"].includes(operation)) expect(flops).toBeGreaterThan(0);
      expect(bytesRead).toBe(Object.values(inputs).reduce((sum, array) => sum + array.byteLength, 0));
      expect(bytesWritten).toBeGreaterThan(0);
    }
  });

  it("counts a multiplication and an addition for each tap, forward and backward", () => {
    // x 2x5x7x3, kernel 3x3x3x17, y 2x3x5x17
    const multiplyAdds = 2 * 3 * 5 * 17 * 3 * 3 * 3;
    for (const operation of ["conv2d", "conv2dInputGradient", "conv2dKernelGradient"] as const)
      expect(costOfCase(operation, "primes").flops).toBe(2 * multiplyAdds);
    expect(costOfCase("conv2d", "primes").bytesRead).toBe(4 * (2 * 5 * 7 * 3 + 3 * 3 * 3 * 17));
    expect(costOfCase("conv2d", "primes").bytesWritten).toBe(4 * 2 * 3 * 5 * 17);
    expect(costOfCase("convBias", "primes, ReLU").flops).toBe(2 * multiplyAdds + 2 * 2 * 3 * 5 * 17);
    for (const operation of ["matmul", "matmulInputGradient", "matmulKernelGradient"] as const)
      expect(costOfCase(operation, "32x17x33").flops).toBe(2 * 32 * 17 * 33);
  });

  it("counts one kernel a channel where the convolution is depthwise", () => {
    // x 1x6x5x17, kernel 3x3x17x2, y 1x6x5x34
    const multiplyAdds = 6 * 5 * 34 * 3 * 3;
    for (const operation of [
      "depthwiseConv2d",
      "depthwiseConv2dInputGradient",
      "depthwiseConv2dKernelGradient",
    ] as const)
      expect(costOfCase(operation, "multiplier 2").flops).toBe(2 * multiplyAdds);
  });

  it("counts the convolution that a pool thins out in full", () => {
    // y 1x7x29 of 32 channels before the pool of 2x2
    const { flops } = costOfCase("convPool", "a vector of channels, pool 2x2");
    expect(flops).toBe(5 * 27 * 32 * (2 * 3 * 3 * 16 + 3));
  });

  it("comes to the report's network's products three times, but for the first layer's input, fused or not", () => {
    const model = buildModel(reportNetwork([256, 256, 3], 1));
    const step = (fused: boolean) =>
      trainingProgram(model, binaryCrossentropy, createOptimizer("Adam"), { batchSize: 32, fused })
        .nodes.map((node) => costOf(node).flops)
        .reduce((a, b) => a + b);
    const first = 254 * 254 * 16 * 27;
    const others = 125 * 125 * 32 * 144 + 60 * 60 * 16 * 288 + 14_400 * 256;
    const products = 2 * 32 * (2 * first + 3 * others);
    expect(products / 1e9).toBeCloseTo(21.3, 1);
    expect(step(true) / products).toBeGreaterThan(1);
    expect(step(true) / products).toBeLessThan(1.02);
    expect(step(true) / step(false)).toBeCloseTo(1, 2);
  });
});

describe("intensityOf", () => {
  it("tells a convolution from what only moves numbers", () => {
    const model = buildModel(reportNetwork([256, 256, 3], 1));
    const costs = inferenceProgram(model, { batchSize: 32 }).nodes.map(
      (node) => [node.operation, intensityOf(costOf(node))] as const,
    );
    const [, second] = costs;
    expect(second![0]).toBe("convPoolInference");
    expect(second![1]).toBeGreaterThan(20);
    expect(costs.find(([operation]) => operation === "addBias")![1]).toBeLessThan(0.25);
  });
});
