import * as activations from "./activations.ts";
import * as batchNorm from "./batch-norm.ts";
import { concatenate, scaleChannels, sliceChannels } from "./channels.ts";
import * as convolution from "./convolution.ts";
import * as dense from "./dense.ts";
import * as depthwise from "./depthwise.ts";
import * as elementwise from "./elementwise.ts";
import * as fused from "./fused.ts";
import * as losses from "./losses.ts";
import * as machine from "./machine.ts";
import * as pooling from "./pooling.ts";
import * as updates from "./updates.ts";

/** The operation set: what a backend has to compute. A new operation is one export in one of these files. */
export const operations = {
  ...convolution,
  ...depthwise,
  ...batchNorm,
  ...dense,
  ...elementwise,
  concatenate,
  sliceChannels,
  scaleChannels,
  ...activations,
  ...pooling,
  ...losses,
  ...updates,
  ...fused,
  multiplyAddChains: machine.multiplyAddChains,
  triad: machine.triad,
} as const;

export type OperationName = keyof typeof operations;

export const operationNames = Object.keys(operations) as OperationName[];
