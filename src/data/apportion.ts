/**
 * Shares whole images out by ratios, class by class, by largest remainders (Hamilton's method): every class gets each
 * share rounded down or up, and the roundings are dealt out such that the totals over all classes come as near to the
 * ratios as they can.
 *
 * @param counts images in each class
 * @param ratios percent of each part
 * @returns [class][part]
 */
export function apportion(counts: readonly number[], ratios: readonly number[]): number[][] {
  const exact = counts.map((count) => ratios.map((ratio) => share(count, ratio)));
  const result = exact.map((row) => row.map(Math.floor));
  const total = sum(counts);
  const seats = largestRemainders(total, ratios).map(
    (goal, part) => goal - sum(result.map((row) => row[part])),
  );
  const open = counts.map((count, index) => count - sum(result[index]));
  const candidates = exact
    .flatMap((row, index) =>
      row.map((value, part) => ({ index, part, remainder: value - Math.floor(value) })),
    )
    .filter(({ remainder }) => remainder > 0)
    .sort((a, b) => b.remainder - a.remainder || a.index - b.index || a.part - b.part);
  for (const heedTotals of [true, false]) {
    for (const candidate of candidates) {
      const { index, part } = candidate;
      const rounded = result[index][part] > exact[index][part];
      if (rounded || open[index] === 0 || (heedTotals && seats[part] <= 0)) continue;
      result[index][part]++;
      open[index]--;
      seats[part]--;
    }
  }
  return result;
}

function largestRemainders(total: number, ratios: readonly number[]): number[] {
  const exact = ratios.map((ratio) => share(total, ratio));
  const result = exact.map(Math.floor);
  const order = ratios
    .map((_, part) => part)
    .sort((a, b) => exact[b] - result[b] - (exact[a] - result[a]) || a - b);
  for (const part of order.slice(0, total - sum(result))) result[part]++;
  return result;
}

/** Rounded far behind the point, so that 0.1 + 0.2 and its like cannot turn a tie. */
function share(count: number, ratio: number): number {
  return Number(((count * ratio) / 100).toFixed(6));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
