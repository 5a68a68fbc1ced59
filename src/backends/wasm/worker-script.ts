import { hostFunctions } from "./host-functions.ts";
import type { RunArguments } from "./kernels.ts";
import type { WasmInstance, WasmMemory, WasmModule } from "./webassembly.ts";

/** To a worker, first of all. */
export interface StartMessage {
  readonly module: WasmModule;
  readonly memory: WasmMemory;
  /** Top of the stack that is its own. */
  readonly stack: number;
  /** Which helper it is; undefined for the driver, which runs programs. */
  readonly helper: number | undefined;
}

/** To the driver. */
export interface RunMessage {
  readonly run: RunArguments;
}

/** From a worker: that it stands ready, or how a run ended. */
export type WorkerMessage =
  | { readonly ready: true }
  | { readonly done: boolean }
  | { readonly failure: string };

interface Port {
  post(message: WorkerMessage): void;
  listen(listener: (message: StartMessage | RunMessage) => void): void;
}

/**
 * A worker's life. Its text is what the worker runs, so it stands alone: no imports, no names from around it. That way
 * there is no second file that bundlers would have to find.
 */
function live(port: Port, host: object): void {
  const { instantiate } = (globalThis as unknown as { WebAssembly: { instantiate: Instantiate } })
    .WebAssembly;
  let run: (...args: RunArguments) => number;
  const failed = (error: unknown) => port.post({ failure: String(error) });
  const start = async ({ module, memory, stack, helper }: StartMessage) => {
    const { exports } = await instantiate(module, { env: { memory }, host });
    (exports.__stack_pointer as { value: number }).value = stack;
    run = exports.run as typeof run;
    port.post({ ready: true });
    if (helper !== undefined) (exports.help as (helper: number) => void)(helper); // never comes back
  };
  port.listen((message) => {
    if ("module" in message) start(message).catch(failed);
    else {
      try {
        port.post({ done: run(...message.run) !== 0 });
      } catch (error) {
        failed(error);
      }
    }
  });
}

type Instantiate = (module: WasmModule, imports: object) => Promise<WasmInstance>;

/** `port` is the text of an expression: how the place that the worker lives in listens and posts. */
export const workerScript = (port: string) => `(${live})(${port}, (${hostFunctions})());`;
