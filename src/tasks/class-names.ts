import { z } from "zod";
import { InputError } from "../util/errors.ts";
import type { Machine } from "./machine.ts";

/**
 * The class names that somebody gives for a model, in index order: `cat,dog`, or a file of them: a name a line (as Teachable
 * Machine writes them too, each behind its index), or JSON: a list, an object from index to name (or to [id, name], as Keras has
 * ImageNet's), or either as its `labels` or `classes`.
 * @throws InputError `classes.bad-names`
 */
export async function readClassNames(machine: Machine, given: string): Promise<string[]> {
  const isFile = (await machine.kindOf(given)) === "file";
  const text = isFile
    ? new TextDecoder().decode(await machine.readFile(given)).replace(/^\ufeff/, "")
    : given;
  const where = isFile ? `in "${given}"` : "after --classes";
  const names = isFile ? namesIn(text, where) : text.split(",").map((name) => name.trim());
  const bad = names.find((name, index) => name === "" || names.indexOf(name) !== index);
  if (bad === undefined && names.length > 0) return names;
  const found = names.length === 0 ? "none" : bad === "" ? "an empty one" : `"${bad}" twice`;
  throw new InputError("classes.bad-names", `Expected class names that differ ${where}, found ${found}`);
}

function namesIn(text: string, where: string): string[] {
  if (/^\s*[[{]/.test(text)) return namesInJson(text, where);
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  while (lines.at(-1) === "") lines.pop();
  const numbered = lines.every((line, index) => line.startsWith(`${index} `));
  return numbered ? lines.map((line) => line.slice(line.indexOf(" ") + 1).trim()) : lines;
}

const nameSchema = z.union([z.string(), z.tuple([z.string(), z.string()]).transform(([, name]) => name)]);
const namesSchema = z.union([
  z.array(nameSchema),
  z.record(z.string().regex(/^\d+$/), nameSchema).transform((names) => Object.values(names)), // in order of the index
]);
const fileSchema = z.union([
  namesSchema,
  z.object({ labels: namesSchema }).transform(({ labels }) => labels),
  z.object({ classes: namesSchema }).transform(({ classes }) => classes),
]);

function namesInJson(text: string, where: string): string[] {
  try {
    return fileSchema.parse(JSON.parse(text));
  } catch (cause) {
    const message = `Expected a list of class names, or an object from index to name, ${where}, found other JSON`;
    throw new InputError("classes.bad-names", message, { cause });
  }
}
