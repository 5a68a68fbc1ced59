import type { ReferenceKernel } from "./kernel.ts";

type Attributes = Readonly<Record<string, number>>;

/** Calls `visit` for each window with y's pixel and the pixels of x that lie in it, with their places in the window. */
function visitWindows(
  x: readonly number[],
  y: readonly number[],
  { poolHeight, poolWidth, strideHeight, strideWidth, padTop, padLeft }: Attributes,
  visit: (yPixel: number, inside: readonly { pixel: number; position: number }[]) => void,
): void {
  const [batch, height, width] = x;
  const [, outputHeight, outputWidth] = y;
  for (let n = 0; n < batch; n++)
    for (let i = 0; i < outputHeight; i++)
      for (let j = 0; j < outputWidth; j++) {
        const inside: { pixel: number; position: number }[] = [];
        for (let p = 0; p < poolHeight; p++)
          for (let q = 0; q < poolWidth; q++) {
            const row = i * strideHeight + p - padTop;
            const column = j * strideWidth + q - padLeft;
            if (row < 0 || row >= height || column < 0 || column >= width) continue;
            inside.push({ pixel: (n * height + row) * width + column, position: p * poolWidth + q });
          }
        visit((n * outputHeight + i) * outputWidth + j, inside);
      }
}

export const maxPool2d: ReferenceKernel = ([x], [y, position], attributes) => {
  const channels = x.shape[3];
  visitWindows(x.shape, y.shape, attributes, (yPixel, inside) => {
    for (let c = 0; c < channels; c++) {
      let best = inside[0];
      for (const candidate of inside) {
        if (x.data[candidate.pixel * channels + c] > x.data[best.pixel * channels + c]) best = candidate;
      }
      y.data[yPixel * channels + c] = x.data[best.pixel * channels + c];
      position.data[yPixel * channels + c] = best.position;
    }
  });
};

export const maxPool2dGradient: ReferenceKernel = ([dy, position], [dx], attributes) => {
  const channels = dy.shape[3];
  const sums = new Float64Array(dx.data.length);
  visitWindows(dx.shape, dy.shape, attributes, (yPixel, inside) => {
    for (let c = 0; c < channels; c++) {
      const winner = inside.find((place) => place.position === position.data[yPixel * channels + c]);
      if (winner) sums[winner.pixel * channels + c] += dy.data[yPixel * channels + c];
    }
  });
  dx.data.set(sums);
};

export const averagePool2d: ReferenceKernel = ([x], [y], attributes) => {
  const channels = x.shape[3];
  visitWindows(x.shape, y.shape, attributes, (yPixel, inside) => {
    for (let c = 0; c < channels; c++) {
      const sum = inside.reduce((total, { pixel }) => total + x.data[pixel * channels + c], 0);
      y.data[yPixel * channels + c] = sum / inside.length;
    }
  });
};

export const averagePool2dGradient: ReferenceKernel = ([dy], [dx], attributes) => {
  const channels = dy.shape[3];
  const sums = new Float64Array(dx.data.length);
  visitWindows(dx.shape, dy.shape, attributes, (yPixel, inside) => {
    for (const { pixel } of inside)
      for (let c = 0; c < channels; c++) {
        sums[pixel * channels + c] += dy.data[yPixel * channels + c] / inside.length;
      }
  });
  dx.data.set(sums);
};

export const globalAveragePool2d: ReferenceKernel = ([x], [y]) => {
  const [batch, height, width, channels] = x.shape;
  const sums = new Float64Array(y.data.length);
  for (let i = 0; i < x.data.length; i++) {
    const n = Math.floor(i / (height * width * channels));
    sums[n * channels + (i % channels)] += x.data[i];
  }
  for (let i = 0; i < batch * channels; i++) y.data[i] = sums[i] / (height * width);
};

export const globalAveragePool2dGradient: ReferenceKernel = ([dy], [dx]) => {
  const [, height, width, channels] = dx.shape;
  for (let i = 0; i < dx.data.length; i++) {
    const n = Math.floor(i / (height * width * channels));
    dx.data[i] = dy.data[n * channels + (i % channels)] / (height * width);
  }
};
