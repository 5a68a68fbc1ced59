import { expect, it } from "vitest";
import { delayLarge } from "../../src/core/delay.ts";
import type { ProgramNode, Tensor } from "../../src/core/program.ts";
import { newTensor, type Recording } from "../../src/core/recorder.ts";

const tensor = (bytes: number): Tensor => newTensor("work", [bytes], "uint8");

function node(name: number, inputs: Tensor[], outputs: Tensor[]): ProgramNode {
  return { operation: "add", inputs, outputs, attributes: { name } };
}

function orderOf(nodes: ProgramNode[], outputs: Tensor[] = []): number[] {
  const named = new Map(outputs.map((output, index) => [`output ${index}`, output]));
  const recording: Recording = { nodes, inputs: new Map(), outputs: named, stateBytes: 0 };
  return delayLarge(recording).nodes.map(({ attributes }) => attributes.name);
}

const [small, large, other, last] = [tensor(10), tensor(1000), tensor(10), tensor(10)];
const first = node(0, [], [small]);
const makesLarge = node(1, [small], [large]);
const between = node(2, [small], [other]);

it("makes what is large just before it is read", () => {
  expect(orderOf([first, makesLarge, between, node(3, [large, other], [last])])).toEqual([0, 2, 1, 3]);
});

it("leaves what would hold as much as it frees", () => {
  const big = tensor(1000);
  const nodes = [node(0, [], [big]), node(1, [big], [large]), between, node(3, [large, other], [last])];
  expect(orderOf(nodes)).toEqual([0, 1, 2, 3]);
});

it("leaves what the caller reads", () => {
  expect(orderOf([first, makesLarge, between], [large])).toEqual([0, 1, 2]);
});

it("goes past nothing that writes what it reads, or writes or reads a part of what it writes", () => {
  const reader = node(4, [large], [last]);
  expect(orderOf([first, makesLarge, between, node(3, [], [small]), reader])).toEqual([0, 2, 1, 3, 4]);
  const half: Tensor = { ...large, shape: [500] };
  expect(orderOf([first, makesLarge, between, node(3, [], [half]), reader])).toEqual([0, 2, 1, 3, 4]);
});
