import type { ReferenceKernel } from "./kernel.ts";

const last = (shape: readonly number[]) => shape[shape.length - 1];

export const concatenate: ReferenceKernel = ([a, b], [y]) => {
  const [left, right, channels] = [a, b, y].map(({ shape }) => last(shape));
  for (let i = 0; i < y.data.length; i++) {
    const [row, channel] = [Math.floor(i / channels), i % channels];
    y.data[i] = channel < left ? a.data[row * left + channel] : b.data[row * right + channel - left];
  }
};

export const sliceChannels: ReferenceKernel = ([x], [y], { first, count }) => {
  const channels = last(x.shape);
  for (let i = 0; i < y.data.length; i++)
    y.data[i] = x.data[Math.floor(i / count) * channels + first + (i % count)];
};

export const scaleChannels: ReferenceKernel = ([x, scale], [y]) => {
  const [, height, width, channels] = x.shape;
  for (let i = 0; i < y.data.length; i++) {
    const image = Math.floor(i / (height * width * channels));
    y.data[i] = x.data[i] * scale.data[image * channels + (i % channels)];
  }
};
