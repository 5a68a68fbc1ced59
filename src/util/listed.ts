/** More than these say no more to a reader. */
const NAMED = 12;

/** The first of many names, and how many more there are. */
export function listed(all: readonly string[], between = ", "): string {
  const rest = all.length - NAMED;
  return all.slice(0, NAMED).join(between) + (rest > 0 ? `${between}and ${rest} more` : "");
}
