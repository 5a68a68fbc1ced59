import type { LayersModel } from "@tensorflow/tfjs-layers";

export function mobileNetInTensorflowJs(
  alpha: number,
  inputShape: readonly number[],
  classes: number,
): LayersModel;
