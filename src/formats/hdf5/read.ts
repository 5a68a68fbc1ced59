import { checkHdf5 } from "./check.ts";
import type { ReadGroup } from "./group.ts";
import { NotPlain, PlainBytes } from "./plain-bytes.ts";
import { plainRoot } from "./plain-group.ts";

/**
 * What `read` takes from an HDF5 file. Arrays may lie in the bytes themselves. A plain file is read at once; any other is the
 * HDF5 library's, which takes longer to load than a prediction does.
 * @throws InputError `model.…` where the bytes are not a whole, sound file
 */
export async function readHdf5<Result>(
  bytes: Uint8Array,
  read: (root: ReadGroup) => Result,
): Promise<Result> {
  checkHdf5(bytes);
  try {
    return read(plainRoot(new PlainBytes(bytes)));
  } catch (error) {
    if (!(error instanceof NotPlain)) throw error;
  }
  const { readWithLibrary } = await import("./library.ts");
  return readWithLibrary(bytes, read);
}
