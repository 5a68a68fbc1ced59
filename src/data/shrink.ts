import { placementOf } from "./placement.ts";
import type { DecodingRule } from "./preprocessing.ts";

/** By which a JPEG can be divided while it is decoded: libjpeg computes fewer pixels from as many fewer frequencies. */
const divisors = [8, 4, 2] as const;

/** The largest divisor that leaves a picture of this (upright) size no smaller than what the rule resizes it to; 1 where none does. */
export function shrinkOf(
  rule: DecodingRule,
  image: { readonly height: number; readonly width: number },
): number {
  if (rule.decode !== "fast") return 1;
  const { from, to } = placementOf(rule.resize, image, rule);
  const room = Math.min(from.height / to.height, from.width / to.width);
  return divisors.find((divisor) => divisor <= room) ?? 1;
}
