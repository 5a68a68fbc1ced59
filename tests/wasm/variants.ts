import { setFlagsFromString } from "node:v8";
import { hasRelaxedSimd } from "../../src/backends/wasm/features.ts";
import type { WasmBackend, WasmOptions } from "../../src/backends/wasm/wasm.ts";
import { loadWasmBackend } from "../../src/backends/wasm-node/load.ts";

// Node 20 has it behind a flag, later ones without
if (!hasRelaxedSimd()) setFlagsFromString("--experimental-wasm-relaxed-simd");
if (!hasRelaxedSimd()) console.warn("NOT TESTED: wasm with relaxed SIMD, which this Node has not");

/** Plain and, where the host has it, relaxed SIMD. */
export const variants: readonly { readonly relaxed: boolean }[] = [
  { relaxed: false },
  ...(hasRelaxedSimd() ? [{ relaxed: true }] : []),
];

/** These tests are about it, so that it lacks is a failure. */
export async function loadWasm(options: WasmOptions): Promise<WasmBackend> {
  const backend = await loadWasmBackend(options);
  if ("unavailable" in backend) throw new Error(backend.unavailable);
  return backend;
}
