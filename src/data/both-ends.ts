/**
 * `work` for every item, with at most `concurrency` at work; the results in the order of the items. The first worker takes the
 * largest that is left and the others the smallest, so that while a picture is decoded that leaves no memory for another of its
 * size, the other cores go through the small ones. The first failure stops the rest.
 */
export async function mapFromBothEnds<T, R>(
  items: readonly T[],
  sizes: ArrayLike<number>,
  concurrency: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const order = [...items.keys()].sort((a, b) => sizes[b] - sizes[a]);
  const results = new Array<R>(items.length);
  let [front, end] = [0, order.length];
  let failed = false;
  const worker = async (number: number) => {
    while (front < end && !failed) {
      const index = order[number === 0 ? front++ : --end];
      try {
        results[index] = await work(items[index]);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const workers = Math.max(1, Math.min(concurrency, items.length));
  await Promise.all(Array.from({ length: workers }, (_, number) => worker(number)));
  return results;
}
