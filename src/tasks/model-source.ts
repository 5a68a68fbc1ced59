import type { ModelFiles, ModelSource, Pieces } from "../formats/model-files.ts";
import { InputError } from "../util/errors.ts";
import type { Machine } from "./machine.ts";

/** Model files on the machine's disk, with those beside them. */

/** @throws InputError `file.…` */
export async function openSource(machine: Machine, path: string): Promise<ModelSource> {
  const beside = async (name: string) => {
    const neighbour = machine.join(path, "..", ...partsOf(name));
    return (await machine.kindOf(neighbour)) === undefined ? undefined : machine.readFile(neighbour);
  };
  return { bytes: await machine.readFile(path), beside };
}

/**
 * Puts a model in its place, first what lies beside it: whoever finds the model finds it whole.
 * @throws InputError `file.exists`, `file.…`
 */
export async function writeModelFiles(
  machine: Machine,
  path: string,
  { pieces, beside = new Map() }: ModelFiles,
  force: boolean | undefined,
): Promise<void> {
  const folder = machine.join(path, "..");
  const files = [...beside].map(([name, content]): [string, Pieces] => [machine.join(folder, name), content]);
  for (const [neighbour] of files) await checkMayWrite(machine, neighbour, force);
  if (files.length > 0) await machine.makeFolder(folder);
  for (const [place, content] of [...files, [path, pieces] as const]) await machine.writeFile(place, content);
}

/** @throws InputError `file.exists` */
export async function checkMayWrite(
  machine: Machine,
  path: string,
  force: boolean | undefined,
): Promise<void> {
  const kind = await machine.kindOf(path);
  if (kind === undefined || (kind === "file" && force)) return;
  const what = kind === "file" ? "a file (--force writes over it)" : "something that is no file";
  throw new InputError("file.exists", `Expected to write a new file, found ${what} at "${path}"`);
}

/** A model file from elsewhere must not reach for other files of the machine. */
function partsOf(name: string): string[] {
  const parts = name.split("/");
  const plain = (part: string) => part !== "" && part !== "." && part !== ".." && !/[\\:\0]/.test(part);
  if (parts.every(plain)) return parts;
  throw new InputError("model.bad-name", `Expected the name of a file beside the model, found "${name}"`);
}
