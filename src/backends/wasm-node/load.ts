import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { HostWorker, WasmHost } from "../wasm/host.ts";
import { createWasmBackend, type WasmBackend, type WasmOptions } from "../wasm/wasm.ts";
import { workerScript } from "../wasm/worker-script.ts";

/** The wasm backend on Node; threads as the environment's FOVEA_THREADS says, where the options do not. */
export function loadWasmBackend(
  options: WasmOptions = {},
): Promise<WasmBackend | { readonly unavailable: string }> {
  const threads = options.threads ?? process.env.FOVEA_THREADS;
  return createWasmBackend(nodeHost, { ...options, threads });
}

const port = `(({ parentPort }) => ({
  post: (message) => parentPort.postMessage(message),
  listen: (listener) => parentPort.on("message", listener),
}))(require("node:worker_threads"))`;

export const nodeHost: WasmHost = {
  threads: availableParallelism(),
  readKernels: (name) => readFile(new URL(`../wasm/kernels-${name}.wasm`, import.meta.url)),
  startWorker,
};

function startWorker(): HostWorker {
  const worker = new Worker(workerScript(port), { eval: true, execArgv: [] });
  let told = false;
  return {
    post: (message) => worker.postMessage(message),
    onMessage: (listener) => worker.on("message", listener),
    onFailure: (listener) => {
      worker.on("error", (error) => listener(error instanceof Error ? error.message : String(error)));
      worker.on("exit", (status) => {
        if (!told) listener(`a worker ended with status ${status}`);
      });
    },
    setBusy: (busy) => (busy ? worker.ref() : worker.unref()),
    terminate: () => {
      told = true;
      return worker.terminate();
    },
  };
}
