import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root. */
export const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Import {
  /** As written: `../util/errors.ts`, `node:path`, `zod`. */
  readonly specifier: string;
  /** Gone after compilation, so that it loads nothing. */
  readonly typeOnly: boolean;
  /** Loaded when it is asked for. */
  readonly dynamic: boolean;
}

export interface SourceFile {
  /** From the root: `src/core/model.ts`. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

/** All files below a folder of the repository whose names end so, sorted. */
export function readSources(folder: string, extensions: readonly string[]): SourceFile[] {
  return readdirSync(posix.join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => extensions.some((extension) => name.endsWith(extension)))
    .map((name) => posix.join(folder, name))
    .sort()
    .map((path) => {
      const text = readFileSync(posix.join(root, path), "utf8");
      return { path, text, imports: importsOf(text) };
    });
}

/** Imports, exports from elsewhere, `import()` of a literal, and imports for the effect alone. */
export function importsOf(text: string): Import[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  const declarations = [...code.matchAll(/^\s*(?:import|export)\s+(type\s)?[^"'`;]*?\bfrom\s*"([^"]+)"/gm)];
  const effects = [...code.matchAll(/^\s*import\s*"([^"]+)"/gm)];
  const dynamic = [...code.matchAll(/\bimport\(\s*"([^"]+)"\s*\)/g)];
  return [
    ...declarations.map(([, type, specifier]) => toImport(specifier!, { typeOnly: type !== undefined })),
    ...effects.map(([, specifier]) => toImport(specifier!)),
    ...dynamic.map(([, specifier]) => toImport(specifier!, { dynamic: true })),
  ];
}

function toImport(specifier: string, traits: Partial<Import> = {}): Import {
  return { specifier, typeOnly: false, dynamic: false, ...traits };
}

/** The path from the root of what a file imports; undefined for a package. */
export function resolveImport({ path }: SourceFile, { specifier }: Import): string | undefined {
  return specifier.startsWith(".") ? posix.join(posix.dirname(path), specifier) : undefined;
}
