import type { HostWorker, WasmHost } from "./host.ts";
import { createWasmBackend, type WasmBackend, type WasmOptions } from "./wasm.ts";
import { workerScript } from "./worker-script.ts";

export interface BrowserWasmOptions extends WasmOptions {
  /** The bytes of `kernels-simd.wasm` or `kernels-relaxed.wasm`; fetched from beside this file by default. */
  readonly readKernels?: WasmHost["readKernels"];
}

/**
 * The wasm backend in a page. Threads need a page that is cross-origin isolated (its server sends
 * `Cross-Origin-Opener-Policy: same-origin` and `Cross-Origin-Embedder-Policy: require-corp`) and lets workers start from
 * `blob:`. Elsewhere the caller's thread does the work, an operation at a time: better call it from a worker of your own.
 */
export function loadWasmBackend({
  readKernels = fetchKernels,
  ...options
}: BrowserWasmOptions = {}): Promise<WasmBackend | { readonly unavailable: string }> {
  const { navigator, crossOriginIsolated } = page;
  const unshared = crossOriginIsolated ? undefined : "the page is not cross-origin isolated";
  const threads = navigator.hardwareConcurrency;
  return createWasmBackend({ threads, unshared, readKernels, startWorker }, options);
}

/** What of a page, or of a worker in it, is used here. */
const page = globalThis as unknown as {
  readonly navigator: { readonly hardwareConcurrency: number };
  readonly crossOriginIsolated: boolean;
  readonly Worker: new (url: string) => PageWorker;
};

interface PageWorker {
  onmessage: (event: { readonly data: unknown }) => void;
  onerror: (event: { readonly message?: string }) => void;
  postMessage(message: unknown): void;
  terminate(): void;
}

/** Each address is spelled out, since that is how bundlers find files. */
const addresses = {
  simd: () => new URL("./kernels-simd.wasm", import.meta.url),
  relaxed: () => new URL("./kernels-relaxed.wasm", import.meta.url),
};

async function fetchKernels(name: "simd" | "relaxed"): Promise<Uint8Array> {
  const address = addresses[name]();
  const response = await fetch(address);
  if (!response.ok) throw new Error(`Expected kernels at ${address}, found status ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

const port = `{
  post: (message) => postMessage(message),
  listen: (listener) => addEventListener("message", ({ data }) => listener(data)),
}`;

function startWorker(): HostWorker {
  const address = URL.createObjectURL(new Blob([workerScript(port)], { type: "text/javascript" }));
  const worker = new page.Worker(address);
  return {
    post: (message) => worker.postMessage(message),
    onMessage: (listener) => {
      worker.onmessage = ({ data }) => {
        URL.revokeObjectURL(address); // it has been read
        listener(data);
      };
    },
    onFailure: (listener) => {
      worker.onerror = ({ message }) => listener(message ?? "a worker could not be started");
    },
    setBusy: () => {}, // a page stays as long as it is open
    terminate: async () => worker.terminate(),
  };
}
