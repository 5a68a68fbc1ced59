/** Lets at most so many pieces of work go on at once; the others wait, first come, first served. */
export function createTurns(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let busy = 0;
  return async (work) => {
    if (busy < most) busy++;
    else await new Promise<void>((start) => waiting.push(start)); // takes over the turn of one that ends
    try {
      return await work();
    } finally {
      const start = waiting.shift();
      if (start === undefined) busy--;
      else start();
    }
  };
}
