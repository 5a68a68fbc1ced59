/** A key that stands twice in an object of a JSON text, which is known to be sound: `JSON.parse` would keep the last and be silent. */
export function repeatedKey(json: string): string | undefined {
  const open: (Set<string> | undefined)[] = []; // the keys of each object that is open; lists have none
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"\s*:?|[{}[\]]/g)) {
    if (token === "{") open.push(new Set());
    else if (token === "[") open.push(undefined);
    else if (token === "}" || token === "]") open.pop();
    else if (token.endsWith(":")) {
      const key: string = JSON.parse(token.slice(0, -1));
      const keys = open.at(-1);
      if (keys?.has(key)) return key;
      keys?.add(key);
    }
  }
  return undefined;
}
