import { defineOperation, type Operation } from "./define.ts";

/** y = a + b, of one shape. */
export const add = defineOperation({
  name: "add",
  inputs: ["a", "b"],
  outputs: ["y"],
  attributes: [],
  infer: ({ a }) => ({ y: { shape: a.shape } }),
  gradients: { a: (_recorder, _call, dy) => dy, b: (_recorder, _call, dy) => dy },
});

/** y = a * b, of one shape. */
export const multiply: Operation<"multiply", "a" | "b", "y", never> = {
  name: "multiply",
  inputs: ["a", "b"],
  outputs: ["y"],
  attributes: [],
  infer: ({ a }) => ({ y: { shape: a.shape } }),
  gradients: {
    a: (recorder, { inputs: { b } }, dy) => recorder.apply(multiply, { a: dy, b }, {}).y,
    b: (recorder, { inputs: { a } }, dy) => recorder.apply(multiply, { a: dy, b: a }, {}).y,
  },
};

/** y = x * scale + offset. x is float32 or uint8. */
export const rescale: Operation<"rescale", "x", "y", "scale" | "offset"> = {
  name: "rescale",
  inputs: ["x"],
  outputs: ["y"],
  attributes: ["scale", "offset"],
  infer: ({ x }) => ({ y: { shape: x.shape } }),
  gradients: {
    x: (recorder, { attributes: { scale } }, dy) =>
      recorder.apply(rescale, { x: dy }, { scale, offset: 0 }).y,
  },
};

/**
 * Inverted dropout (Srivastava et al. 2014): each element is zero with probability `rate`, otherwise x / (1 - rate).
 * Element i of layer `stream` takes word i mod 4 of Philox4x32-10 with counter
 * [floor(i / 4), stream, random[2], random[3]] and key [random[0], random[1]], and is kept where word * 2^-32 >= rate, so
 * the gradient needs no mask: it is the same operation on dy.
 */
export const dropout: Operation<"dropout", "x" | "random", "y", "rate" | "stream"> = {
  name: "dropout",
  inputs: ["x", "random"],
  outputs: ["y"],
  attributes: ["rate", "stream"],
  infer: ({ x }) => ({ y: { shape: x.shape } }),
  gradients: {
    x: (recorder, { inputs: { random }, attributes }, dy) =>
      recorder.apply(dropout, { x: dy, random }, attributes).y,
  },
};

/** y = value everywhere, `length` times: a weight that a layer does without. */
export const fill = defineOperation({
  name: "fill",
  inputs: [],
  outputs: ["y"],
  attributes: ["value", "length"],
  infer: (_inputs, { length }) => ({ y: { shape: [length] } }),
});
