import * as activations from "../../src/backends/reference/activations.ts";
import * as batchNorm from "../../src/backends/reference/batch-norm.ts";
import * as channels from "../../src/backends/reference/channels.ts";
import * as convolution from "../../src/backends/reference/convolution.ts";
import * as dense from "../../src/backends/reference/dense.ts";
import * as depthwise from "../../src/backends/reference/depthwise.ts";
import * as elementwise from "../../src/backends/reference/elementwise.ts";
import type { ReferenceKernel, TensorData } from "../../src/backends/reference/kernel.ts";
import * as losses from "../../src/backends/reference/losses.ts";
import * as pooling from "../../src/backends/reference/pooling.ts";
import type { OperationName } from "../../src/core/operations/table.ts";
import type { Buffer, Tensor } from "../../src/core/program.ts";
import type { Recording } from "../../src/core/recorder.ts";
import { elementCount } from "../../src/util/shapes.ts";

/** The reference kernels of everything that a layer or a gradient rule can record. */
const kernels: Partial<Record<OperationName, ReferenceKernel>> = {
  ...activations,
  ...batchNorm,
  ...channels,
  ...convolution,
  ...dense,
  ...depthwise,
  ...elementwise,
  ...losses,
  ...pooling,
};

/**
 * Runs a recording with the reference's own kernels on float64 numbers, every buffer in an array of its own, so that
 * differences of 1e-6 can be told from rounding. Returns a function that reads a tensor.
 */
export function runFloat64(
  recording: Recording,
  given: Readonly<Record<string, Float64Array>>,
): (tensor: Tensor) => Float64Array {
  const arrays = new Map<Buffer, Float64Array>();
  for (const [name, { buffer }] of recording.inputs) arrays.set(buffer, given[name]!);
  const read = ({ buffer, offset, shape }: Tensor): Float64Array => {
    if (!arrays.has(buffer)) arrays.set(buffer, new Float64Array(buffer.byteLength));
    return arrays.get(buffer)!.subarray(offset, offset + elementCount(shape));
  };
  // the kernels only index their arrays, so the type of number is the caller's choice
  const resolve = (tensor: Tensor) => ({ data: read(tensor), shape: tensor.shape }) as unknown as TensorData;
  for (const { operation, inputs, outputs, attributes } of recording.nodes) {
    kernels[operation]!(inputs.map(resolve), outputs.map(resolve), attributes);
  }
  return read;
}
