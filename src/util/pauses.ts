/** How long one piece of work may keep the others waiting. */
const LONGEST_PIECE_MS = 8;

/** Everybody else's turn: for a place between two pieces of work of which either takes long. */
export function takeTurns(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/**
 * For long work on the thread that others wait for. Where a piece of it ends, `await` the function that this returns: it goes on at
 * once, or after everybody else had a turn where the pieces since the last pause took more than a moment.
 */
export function createPauses(): () => Promise<void> {
  let began = performance.now();
  return async () => {
    if (performance.now() - began < LONGEST_PIECE_MS) return;
    await takeTurns();
    began = performance.now();
  };
}

/** Work that stops for a moment where a piece of it ends; what it returns is the result. */
export type Pieces<T> = Generator<undefined, T>;

export function withoutPauses<T>(pieces: Pieces<T>): T {
  for (;;) {
    const { done, value } = pieces.next();
    if (done) return value;
  }
}

export async function withPauses<T>(pieces: Pieces<T>): Promise<T> {
  const pause = createPauses();
  for (;;) {
    const { done, value } = pieces.next();
    if (done) return value;
    await pause();
  }
}
