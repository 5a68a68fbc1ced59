import { describe, expect, it } from "vitest";
import { encodeProgram } from "../../src/backends/encode.ts";
import { hostFunctions } from "../../src/backends/wasm/host-functions.ts";
import { bytesAt, type Kernels, kernelNames, kernelsOf } from "../../src/backends/wasm/kernels.ts";
import { unshare } from "../../src/backends/wasm/unshare.ts";
import { webAssembly } from "../../src/backends/wasm/webassembly.ts";
import { nodeHost } from "../../src/backends/wasm-node/load.ts";
import type { InputArray } from "../../src/core/backend.ts";
import { operationNames } from "../../src/core/operations/table.ts";
import { roundUp } from "../../src/util/shapes.ts";
import { operationCases } from "../backends/operation-cases.ts";
import { type OperationRun, prepareOperation } from "../backends/operation-run.ts";

/**
 * Whatever asks for a byte behind the linear memory ends the run, even a copy of no bytes from there. Arrays seldom end where the
 * memory does, so here each array of each operation has its turn at it.
 */
const PAGE_BYTES = 65536;
const PAGES = 512;
const ALIGNMENT = 64;
/** Regions are counted from the state on. */
const WORK = 1;
const FIRST_INPUT = 2;

const kernels = await loadKernels();
const names = kernelNames(kernels);

/** Of a memory that cannot grow. */
async function loadKernels(): Promise<Kernels> {
  if (!webAssembly) throw new Error("Expected WebAssembly");
  const module = await webAssembly.compile(unshare(await nodeHost.readKernels("simd")));
  const memory = new webAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: false });
  const instance = await webAssembly.instantiate(module, { env: { memory }, host: hostFunctions() });
  return kernelsOf(instance, memory);
}

/** Runs it with that region at the end which has this index among state, work and inputs; whether it could. */
function runAtEnd({ program, inputs }: OperationRun, last: number): boolean {
  const blocks: number[] = [];
  const take = (byteLength: number) => {
    const address = kernels.allocate(byteLength);
    if (address === 0) throw new Error("Expected memory for the test's arrays");
    blocks.push(address);
    return address;
  };
  const put = (array: InputArray | Float64Array, address = take(array.byteLength)) => {
    bytesAt(kernels, address, array.byteLength).set(new Uint8Array(array.buffer, 0, array.byteLength));
    return address;
  };
  const { words, regionBytes } = encodeProgram(program, names);
  const address = kernels.compile(put(words), words.length, put(regionBytes), regionBytes.length, take(4));
  if (address === 0) throw new Error("Expected a program that can be compiled");
  const places = [...regionBytes.slice(1)].map((byteLength, i) =>
    i === last ? PAGES * PAGE_BYTES - roundUp(byteLength, ALIGNMENT) : take(byteLength),
  );
  for (const [i, name] of [...program.inputs.keys()].entries()) put(inputs[name], places[FIRST_INPUT + i]);
  try {
    return kernels.run(address, 1, put(Uint32Array.from(places)), 1, 0, program.nodes.length) !== 0;
  } finally {
    kernels.free_program(address);
    blocks.forEach(kernels.release);
  }
}

/** The array of each output in turn behind the others, with the length of all. */
function* orders({ program }: OperationRun): Generator<number> {
  const buffers = [...program.outputs.values()].map(({ buffer }) => buffer);
  for (const last of buffers) {
    let length = 0;
    for (const buffer of [...buffers.filter((other) => other !== last), last]) {
      buffer.byteOffset = length;
      length = roundUp(length + buffer.byteLength, ALIGNMENT);
    }
    yield length;
  }
}

describe("at the end of the memory", () => {
  it.each(operationNames)("%s", (operation) => {
    for (const one of operationCases[operation]) {
      const run = prepareOperation(operation, one);
      let program = run.program;
      const check = (last: number) => expect(runAtEnd({ ...run, program }, last), one.title).toBe(true);
      for (const workBytes of orders(run)) {
        program = { ...program, workBytes };
        check(WORK);
      }
      for (let i = 0; i < program.inputs.size; i++) check(FIRST_INPUT + i);
    }
  });
});
