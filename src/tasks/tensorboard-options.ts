import { z } from "zod";

/** What is written for TensorBoard beside the curves of the epochs. It changes nothing that is learned. */
export const tensorBoardOptions = {
  updateFreq: z
    .string()
    .regex(/^(epoch|batch|[1-9]\d{0,8})$/, "epoch, batch or a number of batches")
    .default("epoch")
    .describe("Points of TensorBoard's curves: each epoch; or also each batch, or after so many of them"),
  histogramFreq: z
    .number()
    .int()
    .min(0)
    .default(0)
    .describe("Epochs between TensorBoard's histograms of the weights; none with 0"),
  imageFreq: z
    .number()
    .int()
    .min(0)
    .default(0)
    .describe(
      "Epochs between TensorBoard's pictures of the worst errors and the confusion matrix; none with 0",
    ),
};

/** Updates between two points: `undefined` where only epochs have them. */
export function updatesOf(updateFreq: string): number | undefined {
  if (updateFreq === "epoch") return undefined;
  return updateFreq === "batch" ? 1 : Number(updateFreq);
}
