import type { ReferenceKernel } from "./kernel.ts";

export const multiplyAddChains: ReferenceKernel = ([x], [y], { repeats, factor, term }) => {
  for (let i = 0; i < y.data.length; i++) {
    let value = x.data[i];
    for (let repeat = 0; repeat < repeats; repeat++) value = Math.fround(value * factor + term);
    y.data[i] = value;
  }
};

export const triad: ReferenceKernel = ([a, b], [y], { factor }) => {
  for (let i = 0; i < y.data.length; i++) y.data[i] = a.data[i] + factor * b.data[i];
};
