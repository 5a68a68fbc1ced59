/** What the backend needs of the place that it runs in. */
export interface WasmHost {
  /** Threads to use when nobody says how many. */
  readonly threads: number;
  /** Why memory cannot be shared with workers; undefined where it can. */
  readonly unshared?: string;
  /** The bytes of `kernels-simd.wasm` or `kernels-relaxed.wasm`. */
  readKernels(name: "simd" | "relaxed"): Promise<Uint8Array>;
  /** Starts a worker that lives as `workerScript` says. */
  startWorker(): HostWorker;
}

export interface HostWorker {
  post(message: unknown): void;
  /** What the worker posts; the last who asks is told. */
  onMessage(listener: (message: unknown) => void): void;
  /** That it could not start, or ended before it was told to. */
  onFailure(listener: (reason: string) => void): void;
  /** While busy it keeps the process alive; idle it does not. */
  setBusy(busy: boolean): void;
  /** Resolves when nothing of it runs any more, as far as the host says. */
  terminate(): Promise<unknown>;
}
