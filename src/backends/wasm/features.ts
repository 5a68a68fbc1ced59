import { webAssembly } from "./webassembly.ts";

/** A module with one function: () -> v128 of these instructions. */
function moduleOf(...instructions: number[]): Uint8Array {
  const body = [0, ...instructions, 0x0b]; // no locals … end
  return Uint8Array.of(
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // "\0asm", version 1
    ...[1, 5, 1, 0x60, 0, 1, 0x7b], // types: () -> v128
    ...[3, 2, 1, 0], // functions: one of type 0
    ...[10, body.length + 2, 1, body.length, ...body],
  );
}

const zero = [0x41, 0, 0xfd, 0x0f]; // i32.const 0, i8x16.splat

const validates = (...instructions: number[]) => webAssembly?.validate(moduleOf(...instructions)) ?? false;

export const hasSimd = () => validates(...zero);

/** Relaxed SIMD: its f32x4.relaxed_madd is a fused multiply-add where the processor has one. */
export const hasRelaxedSimd = () => validates(...zero, ...zero, ...zero, 0xfd, 0x85, 0x02);
