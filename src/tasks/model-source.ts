import type { ModelFiles, ModelSource } from "../formats/model-files.ts";
import { InputError } from "../util/errors.ts";
import type { Machine } from "./machine.ts";
import { dropAll, settleInOrder, stageAll } from "./staged-files.ts";

/** Model files on the machine's disk, with those beside them. */

/** TensorFlow.js's. */
const FOLDERS_MODEL = "model.json";

/** The model file at a path: the path itself, or of a folder of several files that which names the others. */
export async function modelFileAt(machine: Machine, path: string): Promise<string | undefined> {
  const inFolder = machine.join(path, FOLDERS_MODEL);
  for (const each of [path, inFolder]) if ((await machine.kindOf(each)) === "file") return each;
  return undefined;
}

/** @throws InputError `file.…` */
export async function openSource(machine: Machine, path: string): Promise<ModelSource> {
  const beside = async (name: string) => {
    const neighbour = machine.join(path, "..", ...partsOf(name));
    return (await machine.kindOf(neighbour)) === undefined ? undefined : machine.readFile(neighbour);
  };
  return { bytes: await machine.readFile(path), beside };
}

/** A model that is written, but does not stand in its place yet. `settle` or `drop` is called, once. */
export interface StagedModel {
  /** As the disk has it. */
  readonly source: ModelSource;
  /** Puts it in its place, first what lies beside it: whoever finds the model finds it whole. */
  settle(): Promise<void>;
  /** Removes it. */
  drop(): Promise<void>;
}

/** @throws InputError `file.exists`, `file.…` */
export async function stageModelFiles(
  machine: Machine,
  path: string,
  { pieces, beside = new Map() }: ModelFiles,
  force: boolean | undefined,
): Promise<StagedModel> {
  const folder = machine.join(path, "..");
  const names = [...beside.keys()];
  const places = names.map((name) => machine.join(folder, name));
  for (const place of places) await checkMayWrite(machine, place, force);
  if (places.length > 0) await machine.makeFolder(folder);
  const stages = places.map((place, i) => () => machine.stageFile(place, beside.get(names[i])!));
  const staged = await stageAll([...stages, () => machine.stageFile(path, pieces)]);
  const drop = () => dropAll(staged);
  try {
    const bytes = await staged[names.length].read();
    const source = { bytes, beside: async (name: string) => staged[names.indexOf(name)]?.read() };
    return { source, settle: () => settleInOrder(staged), drop };
  } catch (error) {
    await drop();
    throw error;
  }
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
