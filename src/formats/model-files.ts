/** A model file as a reader gets it. Most formats are one file; some keep parts of the model in others beside it. */
export interface ModelSource {
  readonly bytes: Uint8Array;
  /**
   * The bytes of a file beside this one, or in a folder there ("shards/1.bin"); undefined where there is none.
   * @throws InputError `model.bad-name` where the name leads elsewhere
   */
  beside(name: string): Promise<Uint8Array | undefined>;
}

/** Bytes that lie one behind the other. */
export type Pieces = readonly Uint8Array[];

/** A model as a writer gives it. */
export interface ModelFiles {
  readonly pieces: Pieces;
  /** The other files that the model needs, by the names under which it looks for them beside itself. */
  readonly beside?: ReadonlyMap<string, Pieces>;
}

/** A file with nothing beside it. */
export function alone(bytes: Uint8Array): ModelSource {
  return { bytes, beside: async () => undefined };
}

/** What has been written, to be read. */
export async function sourceOf({ pieces, beside }: ModelFiles): Promise<ModelSource> {
  const find = async (name: string) => {
    const found = beside?.get(name);
    return found && joinPieces(found);
  };
  return { bytes: await joinPieces(pieces), beside: find };
}

/** All in one. */
export async function joinPieces(pieces: Pieces): Promise<Uint8Array> {
  if (pieces.length === 1) return pieces[0];
  return new Uint8Array(await new Blob([...pieces] as BlobPart[]).arrayBuffer());
}
