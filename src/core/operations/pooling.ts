import { defineOperation } from "./define.ts";

const window = ["poolHeight", "poolWidth", "strideHeight", "strideWidth", "padTop", "padLeft"] as const;

/**
 * The largest value of each window, a channel at a time; what lies outside of x does not count. `position` is the
 * winner's place in its window, row-major (p * poolWidth + q), the first of equals.
 * x [batch, height, width, channels], y and position [batch, outputHeight, outputWidth, channels].
 */
export const maxPool2d = defineOperation({
  name: "maxPool2d",
  inputs: ["x"],
  outputs: ["y", "position"],
  attributes: [...window, "outputHeight", "outputWidth"],
  infer: ({ x }, { poolHeight, poolWidth, outputHeight, outputWidth }) => {
    const shape = [x.shape[0], outputHeight, outputWidth, x.shape[3]];
    return { y: { shape }, position: { shape, dtype: poolHeight * poolWidth <= 255 ? "uint8" : "int32" } };
  },
  gradients: {
    x: (
      recorder,
      { inputs: { x }, outputs: { position }, attributes: { outputHeight: _, outputWidth: __, ...rest } },
      dy,
    ) =>
      recorder.apply(
        maxPool2dGradient,
        { dy, position },
        { ...rest, inputHeight: x.shape[1], inputWidth: x.shape[2] },
      ).dx,
  },
});

/** Each dy goes to the winner of its window; windows that overlap add up. */
export const maxPool2dGradient = defineOperation({
  name: "maxPool2dGradient",
  inputs: ["dy", "position"],
  outputs: ["dx"],
  attributes: [...window, "inputHeight", "inputWidth"],
  infer: ({ dy }, { inputHeight, inputWidth }) => ({
    dx: { shape: [dy.shape[0], inputHeight, inputWidth, dy.shape[3]] },
  }),
});

/** The mean of each window over the pixels that lie inside of x (padding does not count, as in Keras). */
export const averagePool2d = defineOperation({
  name: "averagePool2d",
  inputs: ["x"],
  outputs: ["y"],
  attributes: [...window, "outputHeight", "outputWidth"],
  infer: ({ x }, { outputHeight, outputWidth }) => ({
    y: { shape: [x.shape[0], outputHeight, outputWidth, x.shape[3]] },
  }),
  gradients: {
    x: (recorder, { inputs: { x }, attributes: { outputHeight: _, outputWidth: __, ...rest } }, dy) =>
      recorder.apply(
        averagePool2dGradient,
        { dy },
        { ...rest, inputHeight: x.shape[1], inputWidth: x.shape[2] },
      ).dx,
  },
});

export const averagePool2dGradient = defineOperation({
  name: "averagePool2dGradient",
  inputs: ["dy"],
  outputs: ["dx"],
  attributes: [...window, "inputHeight", "inputWidth"],
  infer: ({ dy }, { inputHeight, inputWidth }) => ({
    dx: { shape: [dy.shape[0], inputHeight, inputWidth, dy.shape[3]] },
  }),
});

/** Mean over height and width. x [batch, height, width, channels], y [batch, channels]. */
export const globalAveragePool2d = defineOperation({
  name: "globalAveragePool2d",
  inputs: ["x"],
  outputs: ["y"],
  attributes: [],
  infer: ({ x }) => ({ y: { shape: [x.shape[0], x.shape[3]] } }),
  gradients: {
    x: (recorder, { inputs: { x } }, dy) =>
      recorder.apply(globalAveragePool2dGradient, { dy }, { inputHeight: x.shape[1], inputWidth: x.shape[2] })
        .dx,
  },
});

export const globalAveragePool2dGradient = defineOperation({
  name: "globalAveragePool2dGradient",
  inputs: ["dy"],
  outputs: ["dx"],
  attributes: ["inputHeight", "inputWidth"],
  infer: ({ dy }, { inputHeight, inputWidth }) => ({
    dx: { shape: [dy.shape[0], inputHeight, inputWidth, dy.shape[1]] },
  }),
});
