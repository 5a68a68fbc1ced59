import type { Backend } from "../core/backend.ts";
import { InputError, suggest } from "../util/errors.ts";
import { referenceBackend } from "./reference/reference.ts";

export const backendNames = ["auto", "native", "wasm", "reference"] as const;

export interface ChosenBackend {
  readonly backend: Backend;
  /** One line for the user where it is not the best there is. */
  readonly notice?: string;
}

type Loaded = (Backend & { readonly notice?: string }) | { readonly unavailable: string };

/** Loaded when they are asked for: each has files of its own to read. */
const load = {
  native: async (options: BackendOptions): Promise<Loaded> =>
    (await import("./native/native.ts")).loadNativeBackend(options),
  wasm: async (options: BackendOptions): Promise<Loaded> =>
    (await import("./wasm-node/load.ts")).loadWasmBackend(options),
};

export interface BackendOptions {
  /** What the machine has by default. The reference backend knows one only. */
  readonly threads?: number;
}

/**
 * The backend of this name; `auto` takes the fastest that loads.
 * @throws InputError `backend.unknown`, `backend.unavailable`
 */
export async function chooseBackend(name: string, options: BackendOptions = {}): Promise<ChosenBackend> {
  if (name === "reference") return { backend: referenceBackend };
  if (name === "auto") return chooseFastest(options);
  if (name !== "native" && name !== "wasm") {
    throw new InputError("backend.unknown", `Unknown backend "${name}". ${suggest(name, backendNames)}`);
  }
  const backend = await load[name](options);
  if (!("unavailable" in backend)) return { backend, notice: backend.notice };
  throw new InputError("backend.unavailable", `The ${name} backend cannot be used: ${backend.unavailable}`);
}

async function chooseFastest(options: BackendOptions): Promise<ChosenBackend> {
  const native = await load.native(options);
  if (!("unavailable" in native)) return { backend: native };
  const lost = `The native backend cannot be used (${native.unavailable})`;
  const wasm = await load.wasm(options);
  if (!("unavailable" in wasm)) {
    const notice = `${lost}; the wasm backend takes its place and is a few times slower`;
    return { backend: wasm, notice: wasm.notice ? `${notice}. ${wasm.notice}` : notice };
  }
  const notice = `${lost}, nor the wasm backend (${wasm.unavailable}); the reference backend takes their place and is some hundred times slower`;
  return { backend: referenceBackend, notice };
}
