import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { InputArray } from "../../core/backend.ts";

/** A program as the addon holds it. */
export type CompiledProgram = { readonly kind: "compiled program" };

/** What `prepare` is told: without ranges and weights, which are those of `Spans`, it is bilinear. */
export type Preparation = readonly [
  sizes: Int32Array,
  scale: number,
  offset: number,
  rowRanges?: Int32Array | undefined,
  rowWeights?: Float32Array | undefined,
  columnRanges?: Int32Array | undefined,
  columnWeights?: Float32Array | undefined,
];

/** What kernels/addon.c exports. */
export interface Addon {
  /** Operations that it has kernels for; a kernel is named by its index here. */
  readonly kernels: readonly string[];
  /** Those that this processor has, best first. */
  readonly instructionSets: readonly { readonly name: string; readonly title: string }[];
  /** Undefined when there is no memory. */
  allocate(byteLength: number): ArrayBuffer | undefined;
  /** Gives back the memory of a buffer at once, whoever has made it; nobody may read it again. */
  discard(buffer: ArrayBuffer): void;
  /** Gives the system back what has been freed but lies between what has not. */
  trim(): void;
  /** Has all threads that begin from now on share what is free, for the whole process. */
  shareMemory(): void;
  compile(words: Float64Array, regionBytes: Float64Array, instructionSet: number): CompiledProgram;
  /**
   * `preparePixels` of src/data/prepare.ts, to the same bits: bilinear, or by the weights of src/data/spans.ts. `sizes` are
   * height, width and channels of the picture, height and width of the target, and the boxes of src/data/placement.ts. False
   * when there was no memory for it.
   */
  prepare(pixels: Uint8Array, target: Float32Array, ...preparation: Preparation): boolean;
  /**
   * The same of many pictures, end to end in the target, as work for the threads of the kernels. A source without a preparation is floats
   * that are copied as they are.
   */
  prepareAll(
    threads: number,
    target: Float32Array,
    sources: readonly (Uint8Array | Float32Array)[],
    preparations: readonly (Preparation | undefined)[],
  ): Promise<boolean>;
  /** Whether JPEG can be read by the libvips at this path; only where that is loaded already. */
  useLibvips(path: string): boolean;
  /**
   * Of a JPEG that is divided by 1, 2, 4 or 8 while it is decoded: height, width (before it is turned upright), bands, turned, sideways,
   * progressive, colours halved both ways, profiled. Undefined for what is not read here.
   */
  headOfJpeg(bytes: Uint8Array, shrink: number): Int32Array | undefined;
  /**
   * Decodes a JPEG off the event loop: floats as `prepare` makes them or, into bytes, its pixels, whose height, width and channels are
   * given; and its fingerprint into `grey`. False where it cannot be read.
   */
  takeJpeg(
    bytes: Uint8Array,
    shrink: number,
    grey: Uint8Array | undefined,
    ...target: [Float32Array, ...Preparation] | [Uint8Array, sizes: Int32Array]
  ): Promise<boolean>;
  /**
   * Changes of src/data/augment/ to images in place, to the same bits: for each image how many, and of each its numbers. False when
   * there was no memory for it.
   */
  augment(
    images: Float32Array,
    height: number,
    width: number,
    channels: number,
    least: number,
    greatest: number,
    changes: Float64Array,
  ): Promise<boolean>;
  /**
   * False when there was no memory for scratch. `regions` are the state, the work and the inputs; the constants are the
   * program's own.
   */
  run(
    program: CompiledProgram,
    threads: number,
    regions: (ArrayBufferLike | InputArray)[],
    stateChanged: boolean,
  ): Promise<boolean>;
  /** Seconds that each node has taken over all runs. */
  seconds(program: CompiledProgram): Float64Array;
}

// the same from src/backends/native and from dist/backends/native
const addonPath = fileURLToPath(new URL("../../../build/native/fovea.node", import.meta.url));

/** The compiled addon, or why it cannot be had. */
export function loadAddon(path = addonPath): Addon | { readonly unavailable: string } {
  try {
    return createRequire(import.meta.url)(path) as Addon;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "MODULE_NOT_FOUND") return { unavailable: "it was not compiled when Fovea was installed" };
    return { unavailable: `it cannot be loaded: ${message.split("\n")[0]}` };
  }
}
