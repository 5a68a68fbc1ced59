import type { NearDuplicateGroup, NearDuplicatePair } from "./near-duplicates.ts";

/** Pairs that grow together to groups (disjoint sets: Tarjan 1975). */
export interface Groups {
  together(a: number, b: number): boolean;
  join(pair: NearDuplicatePair): void;
  /** Those of two and more, in the order of their first member. */
  list(): NearDuplicateGroup[];
}

export function createGroups(count: number): Groups {
  const parents = Uint32Array.from({ length: count }, (_, index) => index);
  const pairs: NearDuplicatePair[] = [];
  const rootOf = (index: number) => {
    let root = index;
    while (parents[root] !== root) {
      parents[root] = parents[parents[root]];
      root = parents[root];
    }
    return root;
  };
  return {
    together: (a, b) => rootOf(a) === rootOf(b),
    join: (pair) => {
      const [a, b] = [rootOf(pair.first), rootOf(pair.second)];
      if (a === b) return;
      parents[Math.max(a, b)] = Math.min(a, b);
      pairs.push(pair);
    },
    list: () => {
      const groups = new Map<number, { members: Set<number>; pairs: NearDuplicatePair[] }>();
      for (const pair of pairs) {
        const root = rootOf(pair.first); // the group's first member, since the lower root stays
        const group = groups.get(root) ?? { members: new Set<number>(), pairs: [] };
        groups.set(root, group);
        group.members.add(pair.first).add(pair.second);
        group.pairs.push(pair);
      }
      return [...groups.entries()]
        .sort(([a], [b]) => a - b)
        .map(([, group]) => ({ members: [...group.members].sort((a, b) => a - b), pairs: group.pairs }));
    },
  };
}
