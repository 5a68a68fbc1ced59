import { cutsOf } from "./crop-code.ts";
import { GREY_SIDE } from "./fingerprint.ts";
import { createOverlap, type Overlap } from "./overlap.ts";
import { solveSymmetric } from "./solve.ts";

/** Most pairs stand still after four. */
const MOST_STEPS = 8;
/** After this many steps a pair that is one picture looks like it. */
const FIRST_STEPS = 3;
/** Below it then, nothing is made of the pair any more. */
const HOPELESS = 0.5;
/** Shares of a side: a step below this changes nothing that matters. */
const STILL = 5e-4;
/** Slopes tell nothing about what lies further than about a pixel away. */
const LONGEST_STEP = 1.25 / GREY_SIDE;
/** How far an edge may lie from that of the whole. */
const FURTHEST = 0.25;

/** Four edges, gain and offset. */
const UNKNOWNS = 6;

/** Compares thumbnails; it holds what is written on the way. */
export type Aligner = (large: Uint8Array, small: Uint8Array, crop: number) => number;

/**
 * How alike two pictures are, at most 1, where `small` shows a part of `large`: the part that does is looked for, starting from a
 * crop of crop-code.ts, as the four edges, gain and offset that leave the least squares of differences (Lucas and Kanade 1981);
 * then the slopes of both are correlated. Slopes, since the outlines of two faces before a wall are alike in every even area.
 */
export function createAligner(): Aligner {
  const overlap = createOverlap();
  const equations = new Float64Array(UNKNOWNS * (UNKNOWNS + 1));
  return (large, small, crop) => {
    const { columns, rows } = cutsOf(crop);
    const edges = Float64Array.of(columns[0], 1 - columns[1], rows[0], 1 - rows[1]);
    overlap.lay(large, small, edges);
    for (let step = 1; step <= MOST_STEPS; step++) {
      if (step > FIRST_STEPS && overlap.likeness() < HOPELESS) break;
      const moved = improve(overlap, edges, equations);
      overlap.lay(large, small, edges);
      if (moved < STILL) break;
    }
    return overlap.likeness();
  };
}

/** Moves the edges by one step of Gauss and Newton and returns the longest way that one went. */
function improve(overlap: Overlap, edges: Float64Array, equations: Float64Array): number {
  overlap.addUp(equations);
  const change = solveSymmetric(equations, UNKNOWNS);
  if (change === undefined) return 0;
  let longest = 0;
  for (let i = 0; i < edges.length; i++) {
    const step = Math.max(-LONGEST_STEP, Math.min(LONGEST_STEP, change[i]));
    const whole = i % 2;
    edges[i] = Math.max(whole - FURTHEST, Math.min(whole + FURTHEST, edges[i] + step));
    longest = Math.max(longest, Math.abs(step));
  }
  return longest;
}
