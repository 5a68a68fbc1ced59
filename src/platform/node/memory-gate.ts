/**
 * Lets work start only while the memory that all running work has asked for stays within `capacity` bytes. Work
 * that asks for more than that runs alone. First come, first served, so that nothing waits for ever.
 */
export function createMemoryGate(capacity: number) {
  const waiting: { readonly bytes: number; readonly start: () => void }[] = [];
  let used = 0;

  function startWhatFits(): void {
    while (waiting.length > 0 && (used === 0 || used + waiting[0].bytes <= capacity)) {
      const { bytes, start } = waiting.shift()!;
      used += bytes;
      start();
    }
  }

  return async function withMemory<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    const turn = new Promise<void>((start) => waiting.push({ bytes, start }));
    startWhatFits();
    await turn;
    try {
      return await work();
    } finally {
      used -= bytes;
      startWhatFits();
    }
  };
}
