/**
 * A mistake in what the caller gave: a folder, a file, an option. The message says what was expected, where,
 * and what came; `code` is stable and may be relied on by programs. Anything that is thrown and is not an
 * `InputError` is a bug of Fovea's own.
 */
export class InputError extends Error {
  override readonly name = "InputError";
  readonly code: string;
  /** What a program may want to know besides, by name. */
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(
    code: string,
    message: string,
    { details, ...options }: { cause?: unknown; details?: Readonly<Record<string, unknown>> } = {},
  ) {
    super(message, options);
    this.code = code;
    this.details = details;
  }
}

/** A sentence that names the candidates nearest to `received`, or all of them when none is near. */
export function suggest(received: string, candidates: readonly string[]): string {
  const near = candidates
    .map((candidate) => ({
      candidate,
      distance: editDistance(received.toLowerCase(), candidate.toLowerCase()),
    }))
    .filter(({ candidate, distance }) => distance <= Math.max(1, Math.floor(candidate.length * 0.4)))
    .sort((a, b) => a.distance - b.distance)
    .map(({ candidate }) => `"${candidate}"`);
  if (near.length > 0) return `Did you mean ${near.slice(0, 3).join(" or ")}?`;
  return `Known: ${candidates.join(", ")}.`;
}

/** Levenshtein distance: how many letters to insert, delete or replace to turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(replace, previous[j] + 1, current[j - 1] + 1));
    }
    previous = current;
  }
  return previous[b.length];
}
