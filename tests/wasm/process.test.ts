import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const built = (path: string) => JSON.stringify(new URL(`../../dist/${path}`, import.meta.url).href);

/** What a script needs to run the built backend. */
const prelude = `
  import { loadWasmBackend, nodeHost } from ${built("backends/wasm-node/load.js")};
  import { createWasmBackend } from ${built("backends/wasm/wasm.js")};
  import { Session } from ${built("core/session.js")};
  import { buildModel, initialWeights } from ${built("core/model.js")};
  import { reportNetwork } from ${built("core/networks/report.js")};
  const model = buildModel(reportNetwork([32, 32, 3], 1));
  const predict = async (session) => (await session.predict(new Float32Array(32 * 32 * 3))).length;
  const sessionOn = (backend) => {
    const session = new Session(backend, model);
    session.weights = initialWeights(model, 1);
    return session;
  };
  const collect = async () => {
    gc();
    await new Promise((later) => setTimeout(later, 10));
  };
`;

/** Runs a script in a Node of its own and returns what it printed. */
function runScript(body: string): { status: number | null; output: string } {
  const args = ["--expose-gc", "--input-type=module", "--eval", prelude + body];
  const cwd = fileURLToPath(new URL("../..", import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd,
    encoding: "utf8",
    timeout: 60_000,
  });
  return { status, output: stdout + stderr };
}

it("a process exits by itself when the last run is done, and stays until then", () => {
  expect(
    runScript(`
      const session = sessionOn(await loadWasmBackend({ threads: 3 }));
      predict(session).then(console.log);`),
  ).toEqual({ status: 0, output: "1\n" });
});

it("a process exits in the middle of a run when it is told to", () => {
  expect(
    runScript(`
      const session = sessionOn(await loadWasmBackend({ threads: 3 }));
      void predict(session);
      setTimeout(() => process.exit(7), 1);`),
  ).toEqual({ status: 7, output: "" });
});

it("workers end with the backend that they work for", () => {
  expect(
    runScript(`
      let running = 0;
      const startWorker = () => {
        running++;
        const worker = nodeHost.startWorker();
        return { ...worker, terminate: () => { running--; worker.terminate(); } };
      };
      for (let i = 0; i < 12; i++) {
        await predict(sessionOn(await createWasmBackend({ ...nodeHost, startWorker }, { threads: 2 })));
        await collect();
      }
      await collect();
      console.log(running <= 4);`),
  ).toEqual({ status: 0, output: "true\n" });
});

it("memory and programs are given back when sessions are dropped, and kept while weights are looked at", () => {
  expect(
    runScript(`
      const backend = await loadWasmBackend({ threads: 2 });
      const kept = sessionOn(backend).weights;
      const sum = () => kept.reduce((sum, { values }) => sum + values.reduce((a, b) => a + b, 0), 0);
      const before = sum();
      const sizes = [];
      for (let i = 0; i < 300; i++) {
        await predict(sessionOn(backend));
        await collect();
        sizes.push(backend.allocate(64).buffer.byteLength);
      }
      console.log(sizes.at(-1) === sizes[100], sum() === before);`),
  ).toEqual({ status: 0, output: "true true\n" });
});
