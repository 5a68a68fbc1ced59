/**
 * The class that a row of predictions names: with one output, 1 where the probability is above 0.5 (Keras's threshold);
 * with more, the largest, the first of equals.
 */
export function predictedClass(predictions: Float32Array, row: number, outputs: number): number {
  if (outputs === 1) return predictions[row] > 0.5 ? 1 : 0;
  let best = 0;
  for (let output = 1; output < outputs; output++) {
    if (predictions[row * outputs + output] > predictions[row * outputs + best]) best = output;
  }
  return best;
}

/** Probabilities of all classes in a row; with one output they are 1 - p and p. */
export function probabilitiesOf(predictions: Float32Array, row: number, outputs: number): number[] {
  if (outputs === 1) return [1 - predictions[row], predictions[row]];
  return [...predictions.subarray(row * outputs, (row + 1) * outputs)];
}

/** How many rows name the class that they should: Keras's binary and categorical accuracy, times the rows. */
export function countCorrect(predictions: Float32Array, classes: readonly number[], outputs: number): number {
  return classes.filter((truth, row) => predictedClass(predictions, row, outputs) === truth).length;
}
