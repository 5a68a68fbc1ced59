import { InputError } from "../util/errors.ts";
import { parseSplit, type SplitRatios } from "./split.ts";

/** How photos come to their parts. */
export type SplitChoice =
  | { readonly by: "ratios"; readonly ratios: SplitRatios }
  /** As `image_dataset_from_directory` splits; `validationSplit` between 0 and 1. */
  | { readonly by: "keras"; readonly validationSplit: number }
  /** As an earlier split did: a run folder or a `split.json`. */
  | { readonly by: "kept"; readonly path: string };

const DEFAULT_VALIDATION_SPLIT = 0.2;

/**
 * Reads `--split`: "70,20,10", "keras", "keras:0.25", or the path of a run or of a split.json.
 *
 * @throws InputError `split.bad-ratios`, `split.bad-keras`
 */
export function parseSplitChoice(text: string): SplitChoice {
  const [, share] = /^keras(?::(.*))?$/i.exec(text.trim()) ?? [];
  if (/^keras(:|$)/i.test(text.trim())) {
    const validationSplit = share === undefined ? DEFAULT_VALIDATION_SPLIT : Number(share || Number.NaN);
    if (validationSplit > 0 && validationSplit < 1) return { by: "keras", validationSplit };
    throw new InputError(
      "split.bad-keras",
      `Expected a validation_split between 0 and 1 after "keras:", found "${share}"`,
    );
  }
  const isPath = /[/\\]|\.json$/.test(text) || !/,|^[\d.\s%+-]*$/.test(text);
  return isPath ? { by: "kept", path: text } : { by: "ratios", ratios: parseSplit(text) };
}
