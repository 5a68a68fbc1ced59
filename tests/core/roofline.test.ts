import { expect, it } from "vitest";
import { boundOf } from "../../src/core/roofline.ts";

const limits = { flops: 100, bandwidth: 10 };

it.each([
  ["much to compute for what is moved", { flops: 200, bytesRead: 6, bytesWritten: 4 }, "compute", 2],
  ["much to move for what is computed", { flops: 100, bytesRead: 25, bytesWritten: 5 }, "memory", 3],
  ["nothing to compute", { flops: 0, bytesRead: 0, bytesWritten: 20 }, "memory", 2],
] as const)("%s", (_, cost, binds, seconds) => {
  expect(boundOf(cost, limits)).toEqual({ binds, seconds });
});
