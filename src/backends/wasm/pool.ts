import type { HostWorker, WasmHost } from "./host.ts";
import type { RunArguments } from "./kernels.ts";
import type { WasmMemory, WasmModule } from "./webassembly.ts";
import type { RunMessage, StartMessage, WorkerMessage } from "./worker-script.ts";

/** Workers over one shared memory: the driver, which runs programs, and its helpers. */
export interface Pool {
  readonly threads: number;
  /** Why it has ended, or could not start; undefined while it works. */
  readonly failure: string | undefined;
  /** Calls `run` of the kernels in the driver; what it returns. One at a time. */
  run(args: RunArguments): Promise<boolean>;
  end(): void;
}

/** Where the stacks of the threads end, one for each. */
type Stacks = readonly number[];

/**
 * Starts a worker for each stack. One that cannot be had is a failure of all: the caller then does without. `ended` is called when
 * they have ended, and nobody but the caller works in the memory any more.
 */
export async function startPool(
  host: WasmHost,
  module: WasmModule,
  memory: WasmMemory,
  stacks: Stacks,
  ended: () => void,
): Promise<Pool> {
  const workers: HostWorker[] = [];
  let giveUp = () => {};
  const failed = new Promise<void>((resolve) => {
    giveUp = resolve;
  });
  let failure: string | undefined;
  let settle: { resolve: (done: boolean) => void; reject: (error: Error) => void } | undefined;

  const end = (reason: string) => {
    failure ??= reason;
    giveUp();
    const run = settle;
    settle = undefined;
    const error = new Error(`The wasm backend's workers ended: ${failure}`);
    // only then, as whoever waits for the run may do what comes next in the same memory
    void Promise.allSettled(workers.map((worker) => worker.terminate())).then(() => {
      ended();
      run?.reject(error);
    });
  };
  const start = (stack: number, index: number) =>
    new Promise<void>((ready) => {
      const worker = host.startWorker();
      workers.push(worker);
      worker.onFailure(end);
      worker.onMessage((message) => {
        const said = message as WorkerMessage;
        if ("failure" in said) end(said.failure);
        if ("done" in said) {
          settle?.resolve(said.done);
          settle = undefined;
        } else ready();
      });
      worker.post({
        module,
        memory,
        stack,
        helper: index === 0 ? undefined : index - 1,
      } satisfies StartMessage);
    });

  try {
    await Promise.race([failed, Promise.all(stacks.map(start))]);
  } catch (error) {
    end(String(error));
  }
  for (const worker of workers) worker.setBusy(false);

  return {
    threads: stacks.length,
    get failure() {
      return failure;
    },
    async run(args) {
      if (failure !== undefined) throw new Error(`The wasm backend's workers ended: ${failure}`);
      const [driver] = workers;
      driver.setBusy(true);
      try {
        return await new Promise<boolean>((resolve, reject) => {
          settle = { resolve, reject };
          driver.post({ run: args } satisfies RunMessage);
        });
      } finally {
        driver.setBusy(false);
      }
    },
    end: () => end("it was told to"),
  };
}
