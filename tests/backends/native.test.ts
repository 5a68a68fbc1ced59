import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { encodeProgram } from "../../src/backends/encode.ts";
import { loadAddon } from "../../src/backends/native/addon.ts";
import { loadNativeBackend } from "../../src/backends/native/native.ts";
import { referenceBackend } from "../../src/backends/reference/reference.ts";
import { viewMemory } from "../../src/core/memory.ts";
import { operationNames } from "../../src/core/operations/table.ts";
import { InputError } from "../../src/util/errors.ts";
import { checkManyAtOnce } from "./many-at-once.ts";
import { operationCases } from "./operation-cases.ts";
import { prepareOperation, runOperation } from "./operation-run.ts";
import { sameBytes, telling, trainBriefly } from "./same-bits.ts";

const folder = mkdtempSync(join(tmpdir(), "fovea-native-"));
afterAll(() => rmSync(folder, { recursive: true }));

function native(options: { threads?: number; instructionSet?: string; addonPath?: string } = {}) {
  const backend = loadNativeBackend(options);
  if ("unavailable" in backend) throw new Error(backend.unavailable);
  return backend;
}

const instructionSets = native().instructionSets;
const someThreads = [1, 2, 3, 8];

describe.each(instructionSets)("the same bits on any number of threads, %s", (instructionSet) => {
  const backends = someThreads.map((threads) => native({ threads, instructionSet }));

  it.each(operationNames)("%s", async (operation) => {
    for (const run of telling(operation).map((one) => prepareOperation(operation, one))) {
      const [one, ...others] = await Promise.all(backends.map((backend) => runOperation(backend, run)));
      for (const other of others) {
        for (const [name, values] of Object.entries(one))
          expect(sameBytes(other[name], values), name).toBe(true);
      }
    }
  });

  it("three Adam steps of the report's network", async () => {
    const states = await Promise.all(backends.map((backend) => trainBriefly(backend, 3)));
    for (const state of states) expect(sameBytes(state, states[0])).toBe(true);
  });
});

describe("native backend", () => {
  it("names its instruction set and threads", () => {
    const { title } = { avx512: { title: "AVX-512" }, avx2: { title: "AVX2" } }[instructionSets[0]] ?? {
      title: /SSE2|NEON/.source,
    };
    expect(native({ threads: 1 }).description).toMatch(new RegExp(`^native, (${title}), 1 thread$`));
    expect(native({ threads: 3 }).description).toMatch(/, 3 threads$/);
    for (const instructionSet of instructionSets)
      expect(native({ instructionSet }).instructionSet).toBe(instructionSet);
  });

  it("takes threads and instruction set from the environment", () => {
    process.env.FOVEA_THREADS = "5";
    const plainest = instructionSets.at(-1);
    process.env.FOVEA_ISA = plainest;
    try {
      expect(native()).toMatchObject({ threads: 5, instructionSet: plainest });
      process.env.FOVEA_ISA = "baseline";
      expect(native()).toMatchObject({ threads: 5, instructionSet: plainest });
      expect(native({ threads: 2 }).threads).toBe(2);
    } finally {
      delete process.env.FOVEA_THREADS;
      delete process.env.FOVEA_ISA;
    }
  });

  it.each([
    [{ threads: 0 }, "backend.threads", 'Expected 1 to 256 threads, found "0"'],
    [{ threads: 1.5 }, "backend.threads", 'found "1.5"'],
    [{ instructionSet: "avx51" }, "backend.instruction-set", 'processor has, found "avx51"'],
    [{ instructionSet: "quantum" }, "backend.instruction-set", `Known: ${instructionSets.join(", ")}.`],
  ])("refuses %o", (options, code, message) => {
    expect(() => native(options)).toThrow(InputError);
    expect(() => native(options)).toThrow(expect.objectContaining({ code }));
    expect(() => native(options)).toThrow(message);
  });

  it("gives zeroed memory of any size, and says how much it lacks", () => {
    for (const size of [0, 1, 64, 5 * 2 ** 20 + 3]) {
      const memory = native().allocate(size);
      expect(memory.byteLength).toBe(size);
      expect(viewMemory(memory, "uint8", 0, size).every((byte) => byte === 0)).toBe(true);
    }
    expect(() => native().allocate(2 ** 52)).toThrow(
      expect.objectContaining({
        code: "memory.insufficient",
        message: expect.stringContaining("4294967296 MB"),
      }),
    );
  });

  it("runs many programs that are asked for at once", async () => {
    await checkManyAtOnce(native({ threads: 2 }));
  });

  it.each([native(), referenceBackend])("times each operation: $description", async (backend) => {
    const { program, inputs } = prepareOperation("matmul", operationCases.matmul[3]);
    const executable = backend.compile(program);
    expect(executable.timings()).toEqual([{ operation: "matmul", seconds: 0 }]);
    await executable.run({ state: backend.allocate(64), work: backend.allocate(program.workBytes) }, inputs);
    const [{ seconds }] = executable.timings();
    expect(seconds).toBeGreaterThan(0);
    await executable.run({ state: backend.allocate(64), work: backend.allocate(program.workBytes) }, inputs);
    expect(executable.timings()[0].seconds).toBeGreaterThan(seconds);
  });

  it("says that memory for scratch lacks, and goes on", async () => {
    const [one] = operationCases.conv2d;
    const far = { ...one.attributes, strideHeight: 1e6, strideWidth: 1e9, outputHeight: 3, outputWidth: 3 };
    const run = prepareOperation("conv2d", { ...one, attributes: far }); // its padded rows would take petabytes
    const backend = native();
    await expect(runOperation(backend, run)).rejects.toThrow(
      expect.objectContaining({ code: "memory.scratch" }),
    );
    const { y } = await runOperation(backend, prepareOperation("conv2d", one));
    expect(y).toHaveLength(1);
  });

  it("refuses inputs and memory that do not fit the program", async () => {
    const backend = native();
    const { program, inputs } = prepareOperation("matmul", operationCases.matmul[1]);
    const executable = backend.compile(program);
    const memory = { state: backend.allocate(64), work: backend.allocate(program.workBytes) };
    await expect(executable.run(memory, { ...inputs, x: new Float32Array(3) })).rejects.toThrow(
      'Expected input "x" to be a Float32Array of 15 elements, found Float32Array of 3',
    );
    await expect(executable.run(memory, { kernel: inputs.kernel })).rejects.toThrow("found nothing");
    await expect(executable.run({ ...memory, work: backend.allocate(4) }, inputs)).rejects.toThrow(
      "as long as it needs",
    );
    const buffer = new ArrayBuffer(program.workBytes);
    const lent = { buffer, byteOffset: 0, byteLength: program.workBytes };
    structuredClone(buffer, { transfer: [buffer] });
    await expect(executable.run({ ...memory, work: lent }, inputs)).rejects.toThrow("as long as it needs");
  });

  it("refuses a program whose numbers make no sense", () => {
    const addon = loadAddon();
    if ("unavailable" in addon) throw new Error(addon.unavailable);
    const { program } = prepareOperation("matmul", operationCases.matmul[1]);
    const { words, regionBytes } = encodeProgram(program, addon.kernels);
    const broken = "the program names an unknown kernel";
    const compile = (change: (words: number[]) => number[]) => () =>
      addon.compile(Float64Array.from(change([...words])), regionBytes, 0);
    expect(compile((all) => all)).not.toThrow();
    for (let i = 0; i < words.length; i++) {
      for (const value of [-1, 1e6, Number.NaN, 2 ** 60, Number.POSITIVE_INFINITY])
        expect(compile((all) => all.with(i, value))).toThrow(broken);
    }
    expect(compile((all) => all.slice(0, -1))).toThrow(broken);
  });
});

describe("native backend that cannot be had", () => {
  it("says in one line why", () => {
    const missing = loadNativeBackend({ addonPath: join(folder, "none.node") });
    expect(missing).toEqual({
      unavailable: "it was not compiled when Fovea was installed",
    });
    const broken = join(folder, "broken.node");
    writeFileSync(broken, "not a library");
    expect(loadNativeBackend({ addonPath: broken })).toEqual({
      unavailable: expect.stringMatching(/^it cannot be loaded: .*broken\.node.*$/),
    });
  });

  it("names the operations that an addon of other sources lacks", () => {
    const old = join(folder, "old.cjs");
    const kernels = operationNames.filter((name) => name !== "conv2d" && name !== "mish");
    writeFileSync(old, `module.exports = { kernels: ${JSON.stringify(kernels)} };`);
    expect(() => loadNativeBackend({ addonPath: old })).toThrow("found none for conv2d, mish");
  });
});
