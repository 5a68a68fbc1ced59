import { z } from "zod";
import { damagedModel } from "../hdf5/group.ts";
import type { SavedModel } from "../saved-model.ts";

/** What Keras has no place for, and ignores where it finds it. */
export type OwnParts = Pick<SavedModel, "preprocessing" | "classes" | "extra">;

const schemas = {
  preprocessing: z.record(z.string(), z.unknown()),
  classes: z.array(z.string()),
  extra: z.record(z.string(), z.string()),
};

export type OwnPartName = keyof typeof schemas;
export const ownPartNames: readonly OwnPartName[] = ["preprocessing", "classes", "extra"];

export function ownParts(model: OwnParts): OwnParts {
  const parts = ownPartNames.flatMap((name) => (model[name] === undefined ? [] : [[name, model[name]]]));
  return Object.fromEntries(parts);
}

/** `find` gives the value that a file has for a part, undefined where it has none; `where` names its place in the file. */
export function readOwnParts(
  find: (name: OwnPartName) => unknown,
  where: (name: OwnPartName) => string,
): OwnParts {
  const parts = ownPartNames.flatMap((name) => {
    const found = find(name);
    return found === undefined ? [] : [[name, checkPart(name, found, where(name))]];
  });
  return Object.fromEntries(parts);
}

function checkPart(name: OwnPartName, found: unknown, where: string): unknown {
  const value = schemas[name].safeParse(found);
  if (value.success) return value.data;
  throw damagedModel(`Expected ${name} in ${where}, found: ${z.prettifyError(value.error)}`);
}
