/** Fovea's engine in a page: models, and sessions that train and run them on WebAssembly. */

export type { BrowserWasmOptions } from "./backends/wasm/browser.ts";
export { loadWasmBackend } from "./backends/wasm/browser.ts";
export type { WasmBackend } from "./backends/wasm/wasm.ts";
export type { ModelDescription } from "./core/description.ts";
export { lossFor } from "./core/losses.ts";
export { buildModel, initialWeights } from "./core/model.ts";
export { reportNetwork } from "./core/networks/report.ts";
export { createOptimizer } from "./core/optimizers/table.ts";
export type { Compilation, StepResult, TrainingStep } from "./core/session.ts";
export { Session } from "./core/session.ts";
export { InputError } from "./util/errors.ts";
