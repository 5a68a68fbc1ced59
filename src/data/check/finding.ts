/** Files that a finding is about, together: one of them, or some that have to do with one another. */
export interface FindingCase {
  /** From the data folder on, with "/". */
  readonly files: readonly string[];
  /** What is so with these. */
  readonly detail: string;
}

/** What training does about a finding: it leaves files out, it refuses the data, or it uses them as they are. */
export type FindingEffect = "excluded" | "refused" | "used";

/** Something about the data that its owner may want to know. */
export interface Finding {
  /** Stable. */
  readonly code: string;
  /** A few words for a heading. */
  readonly title: string;
  /** What is so, and what `train` does about it. */
  readonly message: string;
  readonly effect: FindingEffect;
  /** How many files it is about. */
  readonly files: number;
  readonly cases: readonly FindingCase[];
}

export interface FindingKind {
  readonly title: string;
  readonly message: string;
  readonly effect: FindingEffect;
}

/** The finding of a kind, or none where there is no case of it. */
export function toFindings(
  code: string,
  { title, message, effect }: FindingKind,
  cases: readonly FindingCase[],
): Finding[] {
  if (cases.length === 0) return [];
  const files = new Set(cases.flatMap((each) => each.files)).size;
  return [{ code, title, message, effect, files, cases }];
}
