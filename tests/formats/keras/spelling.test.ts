import { expect, it } from "vitest";
import { respellKeys, toCamelCase, toPascalCase, toSnakeCase } from "../../../src/formats/keras/spelling.ts";

it.each([
  ["kernelSize", "kernel_size"],
  ["l2", "l2"],
  ["beta1", "beta_1"],
  ["globalClipnorm", "global_clipnorm"],
  ["rate", "rate"],
])("%s is Keras's %s", (camel, snake) => {
  expect(toSnakeCase(camel)).toBe(snake);
  expect(toCamelCase(snake)).toBe(camel);
});

it.each([
  ["GlorotUniform", "glorot_uniform"],
  ["RandomNormal", "random_normal"],
  ["BinaryCrossentropy", "binary_crossentropy"],
])("the class %s is named %s", (className, name) => {
  expect(toSnakeCase(className)).toBe(name);
  expect(toPascalCase(name)).toBe(className);
});

it("respells keys at every depth and leaves values alone", () => {
  expect(respellKeys({ poolSize: [2, { innerKey: "keptValue" }], empty: null }, toSnakeCase)).toEqual({
    pool_size: [2, { inner_key: "keptValue" }],
    empty: null,
  });
});
