import { philox4x32 } from "../../util/random.ts";
import type { ReferenceKernel } from "./kernel.ts";

export const add: ReferenceKernel = ([a, b], [y]) => {
  for (let i = 0; i < y.data.length; i++) y.data[i] = a.data[i] + b.data[i];
};

export const multiply: ReferenceKernel = ([a, b], [y]) => {
  for (let i = 0; i < y.data.length; i++) y.data[i] = a.data[i] * b.data[i];
};

export const rescale: ReferenceKernel = ([x], [y], { scale, offset }) => {
  for (let i = 0; i < y.data.length; i++) y.data[i] = x.data[i] * scale + offset;
};

export const dropout: ReferenceKernel = ([x, random], [y], { rate, stream }) => {
  const [key0, key1, counter2, counter3] = random.data;
  const scale = rate < 1 ? 1 / (1 - rate) : 0;
  for (let i = 0; i < y.data.length; i += 4) {
    const words = philox4x32([i / 4, stream, counter2, counter3], [key0, key1]);
    for (let lane = 0; lane < 4 && i + lane < y.data.length; lane++) {
      y.data[i + lane] = words[lane] * 2 ** -32 >= rate ? x.data[i + lane] * scale : 0;
    }
  }
};

export const fill: ReferenceKernel = (_inputs, [y], { value }) => {
  y.data.fill(value);
};
