import { InputError } from "../util/errors.ts";
import type { Sample } from "./scan.ts";

/**
 * Names the group of each sample by a pattern over its path: the first group in brackets of the first match where there is one,
 * otherwise all that matches. A path without a match is in no group.
 *
 * @param pattern a regular expression, such as `S\d+`
 * @throws InputError `group.bad-pattern`, `group.no-match`
 */
export function groupByPattern(samples: readonly Sample[], pattern: string, columns = ""): readonly Sample[] {
  const expression = compile(pattern);
  const grouped = samples.map((sample) => {
    const match = expression.exec(sample.relativePath);
    const group = match === null ? undefined : (match[1] ?? match[0]);
    return { ...sample, group };
  });
  if (samples.length > 0 && grouped.every(({ group }) => group === undefined)) {
    throw new InputError(
      "group.no-match",
      `Expected --group-by to match a part of paths such as "${samples[0].relativePath}"${columns}, found no match of "${pattern}"`,
    );
  }
  return grouped;
}

function compile(pattern: string): RegExp {
  try {
    return new RegExp(pattern, "u");
  } catch (cause) {
    const found = cause instanceof Error ? cause.message : String(cause);
    throw new InputError(
      "group.bad-pattern",
      `Expected --group-by to be a regular expression over paths, found "${pattern}": ${found}`,
      { cause },
    );
  }
}
