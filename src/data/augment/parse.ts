import { InputError } from "../../util/errors.ts";
import type { Augmentation } from "./augmentation.ts";
import { augmentations, type CatalogueEntry, presets } from "./catalogue.ts";

/**
 * Reads what people type: a preset (`light`), or names with values or without (`flip,rotation=0.1`), applied in their order.
 *
 * @throws InputError `augment.unknown`, `augment.bad-value`, `augment.twice`
 */
export function parseAugmentations(text: string): readonly Augmentation[] {
  const words = (presets[text.trim()] ?? text).split(",").map((word) => word.trim());
  const given = words
    .filter((word) => word !== "")
    .map((word) => word.split("=", 2).map((part) => part.trim()));
  const names = given.map(([name]) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new InputError(
      "augment.twice",
      `Expected each augmentation once, found "${twice}" twice in "${text}"`,
    );
  }
  return given.map(([name, value]) => create(name, value));
}

function create(name: string, value: string | undefined): Augmentation {
  const entry = (augmentations as Record<string, CatalogueEntry>)[name];
  if (entry === undefined) throw unknownName(name);
  const parsed = entry.value.safeParse(value);
  if (!parsed.success || value === "") {
    throw new InputError("augment.bad-value", `Expected ${name}=… to be ${entry.expected}, found "${value}"`);
  }
  return entry.create(parsed.data as never);
}

function unknownName(name: string): InputError {
  const [lists, names] = [Object.keys(presets).join(", "), Object.keys(augmentations).join(", ")];
  return new InputError(
    "augment.unknown",
    `Expected ${lists} or a list of augmentations (${names}), found "${name}"`,
  );
}
