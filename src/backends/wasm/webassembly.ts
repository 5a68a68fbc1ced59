/**
 * What of WebAssembly's JavaScript interface is used here, the same in browsers and in Node, whose types lack it.
 * https://webassembly.github.io/spec/js-api/
 */
export interface WasmMemory {
  /** Another one after each growth. */
  readonly buffer: ArrayBufferLike;
  /** By pages of 64 KB; by none, it makes `buffer` notice that another thread had it grow. */
  grow(pages: number): number;
}

/** A compiled module; it can be posted to workers. */
export type WasmModule = { readonly kind: "module" };

export interface WasmInstance {
  readonly exports: Readonly<Record<string, unknown>>;
}

interface WebAssemblyInterface {
  validate(bytes: Uint8Array): boolean;
  compile(bytes: Uint8Array): Promise<WasmModule>;
  instantiate(module: WasmModule, imports: object): Promise<WasmInstance>;
  readonly Memory: new (limits: { initial: number; maximum: number; shared: boolean }) => WasmMemory;
}

/** Undefined where the host has none. */
export const { WebAssembly: webAssembly } = globalThis as unknown as { WebAssembly?: WebAssemblyInterface };
