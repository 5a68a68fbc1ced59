import { expect, it } from "vitest";
import type { ReadGroup } from "../../../src/formats/hdf5/group.ts";
import { readLooseWeights } from "../../../src/formats/keras/loose-weights.ts";

it.each([1, 9])("a folder that lies in itself under %i names ends in a refusal, soon", (count) => {
  const members = Array.from({ length: count }, (_, i) => `dense_${i}`);
  const group: ReadGroup = {
    path: "/",
    attribute: () => undefined,
    has: (path) => path === "layers",
    members: () => members,
    group: () => group,
    floats: () => ({ shape: [], values: new Float32Array(1) }),
    count: () => 0,
  };
  const began = performance.now();
  expect(() => readLooseWeights(group)).toThrowError(expect.objectContaining({ code: "model.damaged" }));
  expect(performance.now() - began).toBeLessThan(2000);
});
