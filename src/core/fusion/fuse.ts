import type { ProgramNode } from "../program.ts";
import type { Recording } from "../recorder.ts";
import { activate, activateBackwards } from "./activation.ts";
import { addBias, foldNormalization, joinBiasGradient } from "./convolution.ts";
import { Graph, type Rewrite, type Rule } from "./graph.ts";
import { pad, padBackwards } from "./padding.ts";
import { pool } from "./pooling.ts";

/**
 * In their order: each makes one call of two or three, and what it has made is there for the next. A convolution takes in the
 * zeros around its input, its bias or the normalisation behind it, the activation, and at last the pool.
 */
const rules: readonly Rule[] = [
  pad,
  padBackwards,
  addBias,
  joinBiasGradient,
  foldNormalization,
  activate,
  activateBackwards,
  pool,
];

/**
 * Puts one operation in the place of several, in both directions, so that what lies between them is never written. What
 * anything else reads stays as it is.
 */
export function fuse(recording: Recording): Recording {
  let graph = new Graph(recording);
  for (const rule of rules) {
    for (let rewrite = matches(rule, graph); rewrite.size > 0; rewrite = matches(rule, graph)) {
      graph = graph.rewritten(rewrite);
    }
  }
  return graph.withoutUnread();
}

/** All places where the rule fits; of two that want the same call the first, and the other in the next round. */
function matches(rule: Rule, graph: Graph): Rewrite {
  const all = new Map<ProgramNode, ProgramNode | undefined>();
  for (const node of graph.recording.nodes) {
    const rewrite = [...(rule(node, graph) ?? [])];
    if (rewrite.some(([old]) => all.has(old))) continue;
    for (const [old, replacement] of rewrite) all.set(old, replacement);
  }
  return all;
}
