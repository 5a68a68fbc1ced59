import { afterAll, describe, expect, it } from "vitest";
import type { HostWorker, WasmHost } from "../../src/backends/wasm/host.ts";
import { createWasmBackend, type WasmBackend } from "../../src/backends/wasm/wasm.ts";
import { nodeHost } from "../../src/backends/wasm-node/load.ts";
import { viewMemory } from "../../src/core/memory.ts";
import { checkManyAtOnce } from "../backends/many-at-once.ts";
import { operationCases } from "../backends/operation-cases.ts";
import { prepareOperation, runOperation } from "../backends/operation-run.ts";
import { loadWasm } from "./variants.ts";

const backends = [
  await loadWasm({ relaxed: false, threads: 2 }),
  await loadWasm({ relaxed: false, shared: false }),
];
afterAll(() => backends[0].end());

const product = () => prepareOperation("matmul", operationCases.matmul[3]);

describe.each(backends)("$description, shared: $shared", (backend) => {
  const memoryFor = (workBytes: number) => ({
    state: backend.allocate(64),
    work: backend.allocate(workBytes),
  });

  it("gives zeroed memory of any size, aligned", () => {
    for (const size of [0, 1, 64, 5 * 2 ** 20 + 3]) {
      const block = backend.allocate(size);
      expect(block.byteLength).toBe(size);
      expect(block.byteOffset % 64).toBe(0);
      expect(viewMemory(block, "uint8", 0, size).every((byte) => byte === 0)).toBe(true);
    }
  });

  it("says how much memory it lacks", () => {
    for (const [size, megabytes] of [
      [2 ** 52, 4294967296],
      [5 * 2 ** 30, 5120],
      [2 ** 32 - 1, 4096],
    ])
      expect(() => backend.allocate(size)).toThrow(
        expect.objectContaining({
          code: "memory.insufficient",
          message: expect.stringContaining(`Expected ${megabytes} MB`),
        }),
      );
  });

  it("gives memory that was given back to others, zeroed", () => {
    const [before, , after] = [1, 2, 3].map(() => backend.allocate(1000));
    viewMemory(before, "uint8", 0, 1000).fill(255);
    viewMemory(after, "uint8", 0, 1000).fill(7);
    before.release?.();
    before.release?.(); // no harm in that
    const again = backend.allocate(1000);
    expect(again.byteOffset).toBe(before.byteOffset);
    expect(viewMemory(again, "uint8", 0, 1000).every((byte) => byte === 0)).toBe(true);
    expect(backend.allocate(1000).byteOffset).not.toBe(again.byteOffset);
    expect(viewMemory(after, "uint8", 0, 1000).every((byte) => byte === 7)).toBe(true);
  });

  it("runs many programs that are asked for at once", async () => {
    await checkManyAtOnce(backend);
  });

  it("times each operation", async () => {
    const { program, inputs } = product();
    const executable = backend.compile(program);
    expect(executable.timings()).toEqual([{ operation: "matmul", seconds: 0 }]);
    for (let run = 0; run < 50; run++) await executable.run(memoryFor(program.workBytes), inputs);
    expect(executable.timings()[0].seconds).toBeGreaterThan(0);
  });

  /** Padded rows of petabytes, and of 9.6 GB, which 32 bits would take for less than they have. */
  it.each([
    [1e6, 1e9],
    [1, 4e8],
  ])("says that memory for scratch lacks, and goes on: strides %d, %d", async (strideHeight, strideWidth) => {
    const [one] = operationCases.conv2d;
    const far = { ...one.attributes, strideHeight, strideWidth, outputHeight: 3, outputWidth: 3 };
    await expect(
      runOperation(backend, prepareOperation("conv2d", { ...one, attributes: far })),
    ).rejects.toThrow(expect.objectContaining({ code: "memory.scratch" }));
    const { y } = await runOperation(backend, prepareOperation("conv2d", one));
    expect(y).toHaveLength(1);
  });

  it("refuses inputs and memory that do not fit the program", async () => {
    const { program, inputs } = prepareOperation("matmul", operationCases.matmul[1]);
    const executable = backend.compile(program);
    const memory = memoryFor(program.workBytes);
    const run = async (...args: Parameters<typeof executable.run>) => executable.run(...args);
    await expect(run(memory, { ...inputs, x: new Float32Array(3) })).rejects.toThrow(
      "found Float32Array of 3",
    );
    await expect(run(memory, { kernel: inputs.kernel })).rejects.toThrow("found nothing");
    await expect(run({ ...memory, work: backend.allocate(4) }, inputs)).rejects.toThrow(
      "as long as it needs",
    );
  });
});

describe("the wasm backend", () => {
  it("names what it runs on", async () => {
    expect(backends.map(({ description }) => description)).toEqual([
      "wasm, SIMD, 2 threads",
      "wasm, SIMD, 1 thread",
    ]);
  });

  it("takes threads from the environment, and refuses what is none", async () => {
    process.env.FOVEA_THREADS = "3";
    try {
      const backend = await loadWasm({});
      expect(backend.threads).toBe(3);
      backend.end();
    } finally {
      delete process.env.FOVEA_THREADS;
    }
    await expect(loadWasm({ threads: 0 })).rejects.toThrow(
      expect.objectContaining({ code: "backend.threads" }),
    );
  });

  it("leaves the event loop free while it runs", async () => {
    const [backend] = backends;
    const big = prepareOperation("matmul", {
      ...operationCases.matmul[3],
      inputs: {
        x: { shape: [512, 2000], fill: { range: [-1, 1] } },
        kernel: { shape: [2000, 512], fill: { range: [-1, 1] } },
      },
    });
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await runOperation(backend, big);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(1);
  });
});

describe("workers that cannot be had", () => {
  const works = async (backend: WasmBackend) =>
    expect(await runOperation(backend, product())).toEqual(await runOperation(backends[0], product()));

  async function load(host: WasmHost): Promise<WasmBackend> {
    const backend = await createWasmBackend(host, { relaxed: false, threads: 2 });
    if ("unavailable" in backend) throw new Error(backend.unavailable);
    return backend;
  }

  it("are done without, and it is said why", async () => {
    const alone = "The wasm backend works on one thread, the caller's own";
    const forbidden = await load({ ...nodeHost, unshared: "memory cannot be shared here" });
    expect(forbidden).toMatchObject({ threads: 1, notice: `${alone} (memory cannot be shared here)` });
    await works(forbidden);
    const refusing = () => {
      throw new Error("no more threads");
    };
    const refused = await load({ ...nodeHost, startWorker: refusing });
    const why = "its workers cannot start: Error: no more threads";
    expect(refused).toMatchObject({ threads: 1, shared: false, notice: `${alone} (${why})` });
    await works(refused);
    let started = 0;
    const dying = (): HostWorker => {
      const worker = nodeHost.startWorker();
      return started++ === 0 ? worker : { ...worker, onFailure: (listener) => listener("it died") };
    };
    expect((await load({ ...nodeHost, startWorker: dying })).notice).toContain(
      "(its workers cannot start: it died)",
    );
  });

  it("fail the run that is under way when none of them works in the memory any more", async () => {
    const said: string[] = [];
    const startWorker = (): HostWorker => {
      const worker = nodeHost.startWorker();
      const terminate = async () => {
        await worker.terminate();
        await new Promise((later) => setTimeout(later, 20));
        said.push("ended");
      };
      return { ...worker, terminate };
    };
    const backend = await load({ ...nodeHost, startWorker });
    const run = runOperation(backend, product()).catch(() => said.push("failed"));
    await Promise.resolve(); // it is under way
    backend.end();
    await run;
    expect(said).toEqual(["ended", "ended", "failed"]);
    await works(backend);
  });

  it("in the middle fail the run, and the caller's thread does the next ones", async () => {
    const fail: ((reason: string) => void)[] = [];
    const startWorker = (): HostWorker => {
      const worker = nodeHost.startWorker();
      return { ...worker, onFailure: (listener) => fail.push(listener) };
    };
    const backend = await load({ ...nodeHost, startWorker });
    const run = runOperation(backend, product());
    await Promise.resolve(); // it is under way
    fail[1]("it was killed");
    await expect(run).rejects.toThrow("The wasm backend's workers ended: it was killed");
    await works(backend);
  });
});
