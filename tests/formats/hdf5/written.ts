import type { File } from "h5wasm";
import * as library from "h5wasm";
import { NewGroup } from "../../../src/formats/hdf5/tree.ts";
import { writeHdf5 } from "../../../src/formats/hdf5/write.ts";

/** The pieces of a file in one. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(pieces));
}

/** A plain file, as Fovea writes it. */
export function plainFile(fill: (root: NewGroup) => void): Uint8Array {
  const root = new NewGroup();
  fill(root);
  return joined(writeHdf5(root));
}

/** A file as the HDF5 library writes it, in the newest of its formats, which is not plain. */
export async function libraryFile(fill: (file: File) => void): Promise<Uint8Array> {
  const { FS } = await library.ready;
  const path = "/written.h5";
  const file = new library.File(path, "w");
  fill(file);
  file.close();
  const bytes = FS.readFile(path);
  FS.unlink(path);
  return new Uint8Array(bytes);
}
