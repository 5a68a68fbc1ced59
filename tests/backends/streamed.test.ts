import { describe, expect, it } from "vitest";
import { loadNativeBackend, type NativeBackend } from "../../src/backends/native/native.ts";
import type { InputArray } from "../../src/core/backend.ts";
import type { OperationName } from "../../src/core/operations/table.ts";
import type { DType } from "../../src/core/program.ts";
import { RandomStream } from "../../src/util/random.ts";
import { elementCount } from "../../src/util/shapes.ts";
import { recordOperation, runOperation } from "./operation-run.ts";

/** Larger results than this are written past the caches: STREAM_BYTES in kernels/vector.h. */
const STREAM_BYTES = 24 << 20;
const FEW = 3;

interface Streamed {
  readonly operation: OperationName;
  /** Of an image of each input. */
  readonly inputs: Readonly<Record<string, { shape: readonly number[]; dtype?: DType }>>;
  readonly attributes: Readonly<Record<string, number>>;
}

const image = { shape: [31, 33, 16] };
const odd = { shape: [31, 33, 17] };
const half = { shape: [16, 17, 32] };
const twice = { shape: [32, 34, 32] };
const pool = { poolHeight: 3, poolWidth: 3, padTop: 1, padLeft: 1 };
const small = { ...pool, strideHeight: 1, strideWidth: 1, outputHeight: 31, outputWidth: 33 };
const enlarging = { ...pool, strideHeight: 2, strideWidth: 2, inputHeight: 32, inputWidth: 34 };

const cases: readonly Streamed[] = [
  { operation: "relu", inputs: { x: odd }, attributes: {} },
  { operation: "add", inputs: { a: odd, b: odd }, attributes: {} },
  { operation: "maxPool2d", inputs: { x: image }, attributes: small },
  { operation: "averagePool2d", inputs: { x: image }, attributes: small },
  {
    operation: "maxPool2dGradient",
    inputs: { dy: half, position: { ...half, dtype: "uint8" } },
    attributes: enlarging,
  },
  { operation: "averagePool2dGradient", inputs: { dy: half }, attributes: enlarging },
];

function backendsOf(): NativeBackend[] {
  const backend = loadNativeBackend();
  if ("unavailable" in backend) throw new Error(backend.unavailable);
  return backend.instructionSets.map((instructionSet) => {
    const one = loadNativeBackend({ threads: 2, instructionSet });
    if ("unavailable" in one) throw new Error(one.unavailable);
    return one;
  });
}

/** Images of numbers that repeat after so many that no two of an image are alike; of bytes: places in a window of 3 x 3. */
function fill({ shape, dtype = "float32" }: Streamed["inputs"][string], images: number): InputArray {
  const random = new RandomStream(1, "streamed");
  const period = 65_537;
  const bytes = dtype === "uint8";
  const some = Float32Array.from({ length: period }, () =>
    bytes ? random.nextInteger(9) : random.next() - 0.5,
  );
  const all = new (bytes ? Uint8Array : Float32Array)(images * elementCount(shape));
  for (let i = 0; i < all.length; i++) all[i] = some[i % period]!;
  return all;
}

/** The outputs for some of the images, as bytes. */
async function run(
  backend: NativeBackend,
  one: Streamed,
  all: Record<string, InputArray>,
  from: number,
  end: number,
) {
  const shapes: Record<string, { shape: number[]; dtype?: DType }> = {};
  const inputs: Record<string, InputArray> = {};
  for (const [key, input] of Object.entries(one.inputs)) {
    const count = elementCount(input.shape);
    shapes[key] = { ...input, shape: [end - from, ...input.shape] };
    inputs[key] = all[key]!.slice(from * count, end * count);
  }
  const program = recordOperation(one.operation, { inputs: shapes as never, attributes: one.attributes });
  const outputs = Object.values(await runOperation(backend, { program, inputs }));
  return outputs.map((values) => Buffer.from(values.buffer, values.byteOffset, values.byteLength));
}

describe("results that are written past the caches", () => {
  it.each(cases)("of $operation are those of a few images", async (one) => {
    const largest = one.attributes.inputHeight ? twice : Object.values(one.inputs)[0]!;
    const images = Math.ceil(STREAM_BYTES / 4 / elementCount(largest.shape)) + 1;
    const all = Object.fromEntries(
      Object.entries(one.inputs).map(([key, input]) => [key, fill(input, images)]),
    );
    for (const backend of backendsOf()) {
      const whole = await run(backend, one, all, 0, images);
      const first = await run(backend, one, all, 0, FEW);
      const last = await run(backend, one, all, images - FEW, images);
      expect(whole[0]!.length).toBeGreaterThanOrEqual(STREAM_BYTES);
      whole.forEach((bytes, i) => {
        expect(bytes.subarray(0, first[i]!.length).equals(first[i]!)).toBe(true);
        expect(bytes.subarray(-last[i]!.length).equals(last[i]!)).toBe(true);
      });
    }
  });
});
