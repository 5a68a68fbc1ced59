import { InputError } from "../../util/errors.ts";

/**
 * What must hold of every file, told apart because the HDF5 library calls everything that it cannot open the same. Section numbers
 * are those of the HDF5 File Format Specification 3.0.
 */
export function checkHdf5(bytes: Uint8Array): void {
  checkSignature(bytes);
  checkLength(bytes);
}

const signature = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

function checkSignature(bytes: Uint8Array): void {
  if (bytes.length === 0) throw new InputError("model.empty-file", "Expected a model, found an empty file");
  if (signature.every((byte, i) => i >= bytes.length || bytes[i] === byte)) return;
  throw new InputError("model.not-hdf5", "Expected an HDF5 file (.h5), found another format");
}

function checkLength(bytes: Uint8Array): void {
  const expected = declaredLength(bytes);
  if (expected !== undefined && expected <= bytes.length) return;
  const what = expected === undefined ? "a whole HDF5 file" : `an HDF5 file of ${expected} bytes`;
  throw new InputError(
    "model.truncated",
    `Expected ${what}, found one cut short after ${bytes.length} bytes`,
  );
}

/** The end-of-file address in the superblock (II.A), if the bytes reach to it; 0 where only the library knows. */
function declaredLength(bytes: Uint8Array): number | undefined {
  const superblockBytes = 52;
  if (bytes.length < superblockBytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, superblockBytes);
  const version = view.getUint8(8);
  const addressBytes = view.getUint8(version < 2 ? 13 : 9);
  if (version > 3 || addressBytes !== 8) return 0;
  return Number(view.getBigUint64([40, 44, 28, 28][version], true));
}

/** The sizes in the collections of strings (III.E) must add up: the library trusts them, and then never ends. */
export function checkGlobalHeaps(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = 0x4c4f4347; // "GCOL"
  for (let start = 0; start + 16 <= bytes.length; start += 8) {
    if (view.getUint32(start, true) !== word || view.getUint32(start + 4, true) !== 1) continue; // version 1
    if (!isSoundHeap(view, start)) {
      throw new InputError("model.damaged", `Expected a sound HDF5 file, found broken text at byte ${start}`);
    }
  }
}

function isSoundHeap(view: DataView, start: number): boolean {
  const headerBytes = 16;
  const end = start + Number(view.getBigUint64(start + 8, true));
  if (end > view.byteLength) return false;
  let position = start + headerBytes;
  while (position + headerBytes <= end) {
    const index = view.getUint16(position, true);
    const size = Number(view.getBigUint64(position + 8, true));
    if (index === 0) return position + size === end; // free space, its own header counted, ends a collection
    position += headerBytes + Math.ceil(size / 8) * 8;
  }
  return position <= end;
}
