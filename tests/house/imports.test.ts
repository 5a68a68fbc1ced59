import { readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { describe, expect, it } from "vitest";
import { importsOf, readSources, resolveImport, root, type SourceFile } from "../support/source-files.ts";

/** A folder of `src` may import folders of a lower rank, and itself. Type-only imports count too. */
const ranks: Readonly<Record<string, number>> = {
  util: 0,
  core: 1,
  backends: 2,
  formats: 2,
  data: 3,
  training: 4,
  evaluation: 4,
  report: 5,
  tasks: 6,
  demo: 6,
  platform: 7,
  server: 8,
  studio: 8,
  cli: 9,
};

const sources = readSources("src", [".ts", ".tsx", ".mts"]);

/** The first folder under `src`; a file that lies in `src` itself stands above all. */
const folderOf = (path: string) => path.split("/").slice(1, -1)[0] ?? "";
const rankOf = (folder: string) => (folder === "" ? 10 : ranks[folder]);

describe("the ranks of src", () => {
  it("has a rank for every folder", () => {
    const folders = new Set(sources.map(({ path }) => folderOf(path)));
    expect([...folders].filter((folder) => rankOf(folder) === undefined)).toEqual([]);
    expect(sources.length).toBeGreaterThan(50);
  });

  it("imports only lower ranks and its own folder", () => {
    expect(sources.flatMap(upwardImports)).toEqual([]);
  });

  it("notices an import that goes up or aside, of a type too", () => {
    const file = (path: string, text: string) => ({ path, text, imports: importsOf(text) });
    const wrong = file(
      "src/formats/csv.ts",
      'import type { Sample } from "../data/scan.ts";\nconst later = import("../tasks/train.ts");\n',
    );
    expect(upwardImports(wrong)).toEqual([
      "src/formats/csv.ts imports src/data/scan.ts",
      "src/formats/csv.ts imports src/tasks/train.ts",
    ]);
    const right = file("src/formats/csv.ts", 'import {\n  a,\n} from "../util/errors.ts";\n');
    expect(right.imports).toHaveLength(1);
    expect(upwardImports(right)).toEqual([]);
  });
});

describe("imports between files", () => {
  it("lead to files that exist, by the name of the file that defines the thing", () => {
    const known = new Set(sources.map(({ path }) => path));
    const missing = sources.flatMap((file) =>
      file.imports
        .map((one) => resolveImport(file, one))
        .filter((target) => target?.startsWith("src/") && !known.has(target))
        .map((target) => `${file.path} imports ${target}`),
    );
    expect(missing).toEqual([]);
    expect(sources.filter(({ path }) => /.\/index\.tsx?$/.test(path.replace(/^src\//, "")))).toEqual([]);
  });

  it("make no cycle, types aside", () => {
    expect(findCycle(valueImports(sources))).toBeUndefined();
  });

  it("would be found in a cycle", () => {
    const graph = new Map([
      ["a", ["b"]],
      ["b", ["c", "d"]],
      ["c", []],
      ["d", ["b"]],
    ]);
    expect(findCycle(graph)).toEqual(["b", "d", "b"]);
  });
});

describe("packages", () => {
  const { dependencies, peerDependencies, peerDependenciesMeta, devDependencies } = JSON.parse(
    readFileSync(`${root}/package.json`, "utf8"),
  ) as Record<string, Record<string, string>>;
  const imported = sources.flatMap(({ imports }) =>
    imports
      .filter(({ specifier }) => !specifier.startsWith(".") && !specifier.startsWith("node:"))
      .map((one) => ({ ...one, name: one.specifier.match(/^(?:@[^/]+\/)?[^/]+/)![0] })),
  );
  const optional = Object.keys(peerDependencies!);

  it("that src imports are dependencies of the package, or ones that need not be there", () => {
    const names = new Set(imported.map(({ name }) => name));
    expect(names).toContain("zod");
    expect([...names].filter((name) => !(name in dependencies!) && !optional.includes(name))).toEqual([]);
  });

  it("that need not be there are imported when they are asked for, and tested with", () => {
    const ofThose = imported.filter(({ name, typeOnly }) => optional.includes(name) && !typeOnly);
    expect([...new Set(ofThose.map(({ name }) => name))].sort()).toEqual([...optional].sort());
    expect(ofThose.filter(({ dynamic }) => !dynamic)).toEqual([]);
    for (const name of optional) {
      expect(peerDependenciesMeta).toHaveProperty([name], { optional: true });
      expect(devDependencies).toHaveProperty([name]);
    }
  });

  it("of Node are imported by their full name", () => {
    const short = sources.flatMap(({ path, imports }) =>
      imports
        .filter(({ specifier }) => builtinModules.includes(specifier))
        .map(({ specifier }) => `${path} imports ${specifier}`),
    );
    expect(short).toEqual([]);
  });
});

function upwardImports(file: SourceFile): string[] {
  const from = folderOf(file.path);
  return file.imports.flatMap((one) => {
    const target = resolveImport(file, one);
    if (target === undefined) return [];
    const to = target.startsWith("src/") ? folderOf(target) : undefined;
    const allowed = to !== undefined && (to === from || (rankOf(to) ?? 10) < (rankOf(from) ?? 0));
    return allowed ? [] : [`${file.path} imports ${target}`];
  });
}

function valueImports(files: readonly SourceFile[]): Map<string, string[]> {
  return new Map(
    files.map((file) => {
      const targets = file.imports
        .filter(({ typeOnly }) => !typeOnly)
        .map((one) => resolveImport(file, one))
        .filter((target) => target !== undefined);
      return [file.path, targets];
    }),
  );
}

/** The first cycle that a walk in depth meets, as the files along it. */
function findCycle(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const walk = (node: string, trail: readonly string[]): string[] | undefined => {
    if (trail.includes(node)) return [...trail.slice(trail.indexOf(node)), node];
    if (done.has(node)) return undefined;
    for (const next of graph.get(node) ?? []) {
      const cycle = walk(next, [...trail, node]);
      if (cycle) return cycle;
    }
    done.add(node);
    return undefined;
  };
  for (const node of graph.keys()) {
    const cycle = walk(node, []);
    if (cycle) return cycle;
  }
  return undefined;
}
