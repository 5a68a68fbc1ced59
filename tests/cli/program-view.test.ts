import { expect, it } from "vitest";
import { showProgram } from "../../src/cli/program-view.ts";
import { buildModel } from "../../src/core/model.ts";
import { summarizeProgram } from "../../src/tasks/program-summary.ts";
import { residualNetwork } from "../support/networks.ts";
import { fakeTerminal } from "./fake-terminal.ts";

const program = summarizeProgram(buildModel(residualNetwork([16, 13, 3], 4)), "inference", 2);

function show(columns: number): string[] {
  const { terminal, written } = fakeTerminal(columns);
  showProgram(terminal, program);
  return written().split("\n");
}

it("says which calls are made once, and counts them in no run", () => {
  const once = program.calls.filter(({ constant }) => constant);
  expect(once.map(({ operation }) => operation)).toContain("foldBatchNorm");
  expect(once.every(({ outputs }) => outputs.every(({ region }) => region === "constants"))).toBe(true);
  const flops = program.calls.filter(({ constant }) => !constant).reduce((sum, call) => sum + call.flops, 0);
  expect(program.flops).toBe(flops);
  const text = show(100).join("\n");
  expect(text).toMatch(/foldBatchNorm +stem_norm, once/);
  expect(text).toContain(`${program.calls.length}, of which ${once.length} run once for given weights`);
  expect(text).toContain("constants+");
});

it("keeps every buffer inside of its region", () => {
  const sizes = { state: program.stateBytes, work: program.workBytes, constants: program.constantBytes };
  const places = program.calls.flatMap(({ inputs, outputs }) => [...inputs, ...outputs]);
  for (const { region, byteOffset, bytes } of places) {
    if (region.startsWith("input:")) expect(byteOffset).toBe(0);
    else expect(byteOffset + bytes).toBeLessThanOrEqual(sizes[region as keyof typeof sizes]);
  }
});

it.each([70, 80, 120])("keeps to a terminal of %i columns", (columns) => {
  expect(Math.max(...show(columns).map((line) => line.length))).toBeLessThanOrEqual(columns);
});
