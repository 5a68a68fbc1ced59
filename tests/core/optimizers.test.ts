import { describe, expect, it } from "vitest";
import { createOptimizer } from "../../src/core/optimizers/table.ts";
import { InputError } from "../../src/util/errors.ts";

function refusal(className: string, config?: Record<string, unknown>): { code: string; message: string } {
  try {
    createOptimizer(className, config);
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
  throw new Error("Expected the optimizer to be refused");
}

describe("createOptimizer", () => {
  it("fills in Keras's defaults", () => {
    expect(createOptimizer("Adam").config).toEqual({
      learningRate: 0.001,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-7,
    });
    expect(createOptimizer("SGD").config).toEqual({ learningRate: 0.01, momentum: 0, nesterov: false });
  });

  it("keeps what is given and needs memory only where it has momentum", () => {
    const { definition, config } = createOptimizer("SGD", { momentum: 0.5 });
    expect(definition.slots(config)).toEqual(["momentum"]);
    expect(definition.slots(createOptimizer("SGD").config)).toEqual([]);
    expect(createOptimizer("Adam", { learningRate: 0.5 }).config.learningRate).toBe(0.5);
  });

  it("offers a near name for an unknown one", () => {
    expect(refusal("Adm")).toMatchObject({
      code: "optimizer.unknown",
      message: 'Unknown optimizer "Adm". Did you mean "Adam"?',
    });
  });

  it.each([
    ["Adam", { learningRate: 0 }, "learningRate"],
    ["Adam", { learningRate: "fast" }, "learningRate"],
    ["Adam", { beta1: 1 }, "beta1"],
    ["Adam", { epsilon: -1 }, "epsilon"],
    ["Adam", { amsgrad: true }, "amsgrad"],
    ["SGD", { momentum: 2 }, "momentum"],
  ])("refuses %s with %j and names the setting", (className, config, setting) => {
    const { code, message } = refusal(className, config);
    expect(code).toBe("optimizer.bad-config");
    expect(message).toContain(`${className}: ${setting}: `);
  });
});
