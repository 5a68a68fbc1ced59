/** The parts of a split, in the order of its ratios. */
export const partNames = ["train", "validation", "test"] as const;
export type PartName = (typeof partNames)[number];

const spellings: Readonly<Record<string, PartName>> = {
  train: "train",
  val: "validation",
  valid: "validation",
  validation: "validation",
  test: "test",
};

/** Words that people use for the parts. */
export const partWords = Object.keys(spellings);

/** The part that people mean by a word, in capitals or not. */
export function partOfWord(word: string): PartName | undefined {
  const lower = word.toLowerCase();
  return Object.hasOwn(spellings, lower) ? spellings[lower] : undefined;
}
