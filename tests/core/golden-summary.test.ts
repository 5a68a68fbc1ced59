import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { buildModel } from "../../src/core/model.ts";
import { elementCount } from "../../src/util/shapes.ts";
import { goldenModel } from "../support/report-golden.ts";

const summary = readFileSync(new URL("../fixtures/keras/report-summary.txt", import.meta.url), "utf8");

/** A row of Keras's table: name, class, output shape without the batch, parameters. */
const row = /│ (\S+) \((\w+)\) +│ \(None, ([\d, ]+)\) +│ +([\d,]+) │/gu;

it("shapes and parameters of the report's network are those of Keras's own table", () => {
  const model = buildModel(goldenModel(256, 2));
  const found = model.layers.map(({ name, definition, outputShape, weights }) => [
    name,
    definition.className,
    outputShape.join(", "),
    weights.reduce((sum, { shape }) => sum + elementCount(shape), 0).toLocaleString("en-US"),
  ]);
  const expected = [...summary.matchAll(row)].map((match) => match.slice(1, 5));
  expect(expected).toHaveLength(9);
  expect(found).toEqual(expected);
  expect(summary).toContain(`Total params: ${model.parameterCount.toLocaleString("en-US")} `);
  expect(model.parameterCount).toBe(3_696_625);
});
