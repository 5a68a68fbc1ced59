import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { encodeProgram } from "../../src/backends/encode.ts";
import { loadAddon } from "../../src/backends/native/addon.ts";
import { operationCases } from "./operation-cases.ts";
import { prepareOperation } from "./operation-run.ts";

const addonPath = fileURLToPath(new URL("../../build/native/fovea.node", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "fovea-native-process-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** What a script needs to run one large product through the bare addon. */
const prelude = `
  const { Worker, isMainThread, parentPort } = require("node:worker_threads");
  const { words, regionBytes, workBytes, lengths } = require(${JSON.stringify(join(folder, "program.json"))});
  const setUp = () => {
    const addon = require(${JSON.stringify(addonPath)});
    const program = addon.compile(Float64Array.from(words), Float64Array.from(regionBytes), 0);
    return { addon, program, state: addon.allocate(64), work: addon.allocate(workBytes) };
  };
  const ones = () => lengths.map((length) => new Float32Array(length).fill(1));
  const runOnce = async ({ addon, program, state, work }) => {
    const done = await addon.run(program, 4, [state, work, ...ones()], true);
    return done && new Float32Array(work)[0];
  };
`;

/** Runs a script in a Node of its own and returns what it printed. */
function runScript(body: string): { status: number | null; output: string } {
  const addon = loadAddon();
  if ("unavailable" in addon) throw new Error(addon.unavailable);
  const product = operationCases.matmul.find(({ title }) => title === "27x1500x256");
  const { program, inputs } = prepareOperation("matmul", product!);
  const { words, regionBytes } = encodeProgram(program, addon.kernels);
  const described = {
    words: [...words],
    regionBytes: [...regionBytes],
    workBytes: program.workBytes,
    lengths: [...program.inputs.keys()].map((name) => inputs[name].length),
  };
  writeFileSync(join(folder, "program.json"), JSON.stringify(described));
  const script = join(folder, "script.cjs");
  writeFileSync(script, prelude + body);
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--expose-gc", script], {
    encoding: "utf8",
    timeout: 60_000,
  });
  return { status, output: stdout + stderr };
}

describe("native backend in a process", () => {
  it("exits by itself when the last run is done", () => {
    const { status, output } = runScript(`runOnce(setUp()).then(console.log);`);
    expect({ status, output }).toEqual({ status: 0, output: "1500\n" });
  });

  it("survives that the JavaScript thread which loaded it ends, and loads again in the next", () => {
    const { status, output } = runScript(`
      if (!isMainThread) runOnce(setUp()).then((value) => parentPort.postMessage(value));
      else (async () => {
        for (let i = 0; i < 3; i++) {
          const worker = new Worker(__filename);
          worker.on("message", console.log);
          await new Promise((ended) => worker.on("exit", ended));
          await new Promise((later) => setTimeout(later, 50));
        }
      })();`);
    expect({ status, output }).toEqual({ status: 0, output: "1500\n1500\n1500\n" });
  });

  it("serves two JavaScript threads at once", () => {
    const { status, output } = runScript(`
      if (!isMainThread) (async () => {
        const ready = setUp();
        const values = new Set();
        for (let i = 0; i < 200; i++) values.add(await runOnce(ready));
        parentPort.postMessage([...values].join());
      })();
      else for (let i = 0; i < 2; i++) new Worker(__filename).on("message", console.log);`);
    expect({ status, output }).toEqual({ status: 0, output: "1500\n1500\n" });
  });

  it("lets a JavaScript thread be stopped in the middle of a run", () => {
    const { status, output } = runScript(`
      if (!isMainThread) {
        const ready = setUp();
        (async () => { for (;;) await runOnce(ready); })();
        parentPort.postMessage("running");
      } else {
        const worker = new Worker(__filename);
        worker.on("message", () => setTimeout(async () => console.log(await worker.terminate()), 100));
      }`);
    expect({ status, output }).toEqual({ status: 0, output: "1\n" });
  });

  it("lets one be stopped that has asked for many runs, while another goes on", () => {
    const { status, output } = runScript(`
      if (!isMainThread) {
        const ready = setUp();
        const { addon, program, state, work } = ready;
        const regions = [state, work, ...ones()];
        for (let i = 0; i < 5000; i++) addon.run(program, 4, regions, true);
        parentPort.postMessage("asked");
      } else (async () => {
        const ready = setUp();
        const worker = new Worker(__filename);
        const asked = new Promise((resolve) => worker.on("message", resolve));
        const ended = new Promise((resolve) => worker.on("exit", resolve));
        await asked;
        const value = runOnce(ready);
        await worker.terminate();
        console.log(await ended, await value, await runOnce(ready));
      })();`);
    expect({ status, output }).toEqual({ status: 0, output: "1 1500 1500\n" });
  });

  it("lets one be stopped while pictures are prepared that go with it", () => {
    const { status, output } = runScript(`
      if (!isMainThread) {
        const { addon } = setUp();
        const floats = (1 << 20) * 3;
        const source = new Float32Array(addon.allocate(4 * floats));
        const room = new Float32Array(addon.allocate(32 * floats));
        const place = () => addon.prepareAll(4, room, Array(8).fill(source), []);
        (async () => { while (await place()); })();
        for (let i = 0; i < 20; i++) place();
        parentPort.postMessage("running");
      } else {
        const worker = new Worker(__filename);
        worker.on("message", () => setTimeout(async () => console.log(await worker.terminate()), 30));
      }`);
    expect({ status, output }).toEqual({ status: 0, output: "1\n" });
  });

  it("ends at once where the process is told to, in the middle of a run", () => {
    const { status, output } = runScript(`
      const ready = setUp();
      for (let i = 0; i < 50; i++) runOnce(ready).then(() => process.exit(3));`);
    expect({ status, output }).toEqual({ status: 3, output: "" });
  });

  it("keeps what a run reads and writes until it is done", () => {
    const { status, output } = runScript(`
      (async () => {
        const { addon, program } = setUp();
        let failures = 0;
        for (let i = 0; i < 50; i++) {
          const work = addon.allocate(workBytes);
          const run = addon.run(program, 4, [addon.allocate(64), work, ...ones()], true);
          gc();
          ones().map((array) => array.fill(NaN));
          if (!(await run) || new Float32Array(work)[0] !== 1500) failures++;
        }
        console.log(failures);
      })();`);
    expect({ status, output }).toEqual({ status: 0, output: "0\n" });
  });

  it("gives memory back when it is collected", () => {
    const { status, output } = runScript(`
      (async () => {
        const { addon } = setUp();
        for (let i = 0; i < 30; i++) {
          new Uint8Array(addon.allocate(32 << 20)).fill(1);
          gc();
          await new Promise((later) => setImmediate(later));
        }
        console.log(process.memoryUsage().rss < 400 << 20);
      })();`);
    expect({ status, output }).toEqual({ status: 0, output: "true\n" });
  });
});
