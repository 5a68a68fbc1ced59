import type { Backend, Executable, InputArray, Memory } from "../../core/backend.ts";
import { isConstantNode } from "../../core/constants.ts";
import { type MemoryBlock, viewMemory } from "../../core/memory.ts";
import type { OperationName } from "../../core/operations/table.ts";
import { bytesPerElement, type Program, type ProgramNode, type Tensor } from "../../core/program.ts";
import { elementCount } from "../../util/shapes.ts";
import * as activations from "./activations.ts";
import * as batchNorm from "./batch-norm.ts";
import * as channels from "./channels.ts";
import * as convolution from "./convolution.ts";
import * as dense from "./dense.ts";
import * as depthwise from "./depthwise.ts";
import * as elementwise from "./elementwise.ts";
import * as fused from "./fused.ts";
import type { ReferenceKernel, TensorData } from "./kernel.ts";
import * as losses from "./losses.ts";
import * as machine from "./machine.ts";
import * as pooling from "./pooling.ts";
import * as updates from "./updates.ts";

/** The type makes the compiler name an operation that is missing here. */
const kernels: Readonly<Record<OperationName, ReferenceKernel>> = {
  ...activations,
  ...batchNorm,
  ...channels,
  ...convolution,
  ...dense,
  ...depthwise,
  ...elementwise,
  ...fused,
  ...losses,
  ...machine,
  ...pooling,
  ...updates,
};

/** Plain TypeScript: slow, exact and everywhere. It gives the event loop a turn after each operation. */
export const referenceBackend: Backend = {
  name: "reference",
  description: "reference, plain TypeScript, 1 thread",
  threads: 1,
  allocate: (byteLength) => ({ buffer: new ArrayBuffer(byteLength), byteOffset: 0, byteLength }),
  compile,
};

function compile(program: Program): Executable {
  const names = new Map([...program.inputs].map(([name, tensor]) => [tensor.buffer, name]));
  const constants = referenceBackend.allocate(program.constantBytes);
  const taken = program.nodes.map(({ operation }) => ({ operation, seconds: 0 }));
  let settled = false;
  return {
    run: async (memory, inputs, stateChanged = true) => {
      const regions = { ...memory, constants };
      const resolve = (tensor: Tensor) =>
        dataOf(tensor, regions, (buffer) => inputs[names.get(buffer) ?? ""]);
      for (const [index, node] of program.nodes.entries()) {
        if (settled && !stateChanged && isConstantNode(node)) continue;
        const started = performance.now();
        runNode(node, resolve);
        taken[index].seconds += (performance.now() - started) / 1000;
        await new Promise((next) => setTimeout(next, 0));
      }
      settled = true;
    },
    timings: () => taken.map((one) => ({ ...one })),
  };
}

function runNode(
  { operation, inputs, outputs, attributes }: ProgramNode,
  resolve: (tensor: Tensor) => TensorData,
): void {
  kernels[operation](inputs.map(resolve), outputs.map(resolve), attributes);
}

function dataOf(
  tensor: Tensor,
  regions: Memory & { readonly constants: MemoryBlock },
  inputOf: (buffer: Tensor["buffer"]) => InputArray,
): TensorData {
  const { buffer, dtype, shape, offset } = tensor;
  const length = elementCount(shape);
  if (buffer.region === "input") return { data: inputOf(buffer).subarray(offset, offset + length), shape };
  const start = buffer.byteOffset + offset * bytesPerElement[dtype];
  return { data: viewMemory(regions[buffer.region], dtype, start, length), shape };
}
