/** What is to be written into an HDF5 file: groups, with texts as attributes and arrays of numbers. */

/** A text, a list of texts, or a list that is empty, for which h5py writes an array of no numbers. */
export type AttributeValue = string | readonly string[];

export type ArrayValues = Float32Array | BigInt64Array;

/** An array to write. The values are used in place, so they must not change until they have been written. */
export interface NewArray {
  readonly shape: readonly number[];
  readonly values: ArrayValues;
}

export class NewGroup {
  readonly attributes = new Map<string, AttributeValue>();
  readonly groups = new Map<string, NewGroup>();
  readonly arrays = new Map<string, NewArray>();

  /** The group at this path from here, made where it is missing. */
  group(path: string): NewGroup {
    return path.split("/").reduce((parent: NewGroup, name) => {
      const found = parent.groups.get(name) ?? new NewGroup();
      parent.groups.set(name, found);
      return found;
    }, this);
  }

  /** Puts an array at this path from here. */
  write(path: string, array: NewArray): void {
    const cut = path.lastIndexOf("/");
    const parent = cut < 0 ? this : this.group(path.slice(0, cut));
    parent.arrays.set(path.slice(cut + 1), array);
  }
}

/** Longer lists are cut in pieces called name0, name1…: an attribute holds at most 64 KB, 16 bytes a text. */
const textsPerAttribute = 4000;

export function writeTexts(group: NewGroup, name: string, texts: readonly string[]): void {
  if (texts.length <= textsPerAttribute) {
    group.attributes.set(name, texts);
    return;
  }
  for (let start = 0, piece = 0; start < texts.length; start += textsPerAttribute, piece++) {
    group.attributes.set(`${name}${piece}`, texts.slice(start, start + textsPerAttribute));
  }
}
