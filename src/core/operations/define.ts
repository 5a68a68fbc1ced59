import type { DType, Tensor } from "../program.ts";
import type { Recorder } from "../recorder.ts";

export interface TensorSpec {
  readonly shape: readonly number[];
  readonly dtype?: DType;
}

/** One recorded call, as a gradient rule sees it. */
export interface OperationCall<I extends string, O extends string, A extends string> {
  readonly inputs: Readonly<Record<I, Tensor>>;
  readonly outputs: Readonly<Record<O, Tensor>>;
  readonly attributes: Readonly<Record<A, number>>;
}

/** How to record the gradient with respect to one input, from the gradient of the first output. */
export type GradientRule<I extends string, O extends string, A extends string> = (
  recorder: Recorder,
  call: OperationCall<I, O, A>,
  outputGradient: Tensor,
) => Tensor;

/**
 * An operation: what every backend computes and nothing else. Inputs, outputs and attributes have an order, in which
 * kernels receive them. Attributes are numbers. Without a gradient rule an input is taken as constant.
 */
export interface Operation<
  Name extends string = string,
  I extends string = string,
  O extends string = string,
  A extends string = string,
> {
  readonly name: Name;
  readonly inputs: readonly I[];
  readonly outputs: readonly O[];
  readonly attributes: readonly A[];
  /** Shapes of the outputs; float32 unless it says otherwise. */
  infer(inputs: Readonly<Record<I, Tensor>>, attributes: Readonly<Record<A, number>>): Record<O, TensorSpec>;
  readonly gradients?: { readonly [K in I]?: GradientRule<I, O, A> };
}

/** Keeps the literal types of names, so that calls are checked. */
export function defineOperation<
  const Name extends string,
  const I extends string,
  const O extends string,
  const A extends string = never,
>(operation: Operation<Name, I, O, A>): Operation<Name, I, O, A> {
  return operation;
}
