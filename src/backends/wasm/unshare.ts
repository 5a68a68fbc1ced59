const IMPORT_SECTION = 2;
const MEMORY_IMPORT = 2;
const HAS_MAXIMUM = 1;

/**
 * The module for a memory that is not shared. The bytes of the two would differ in one flag, where the module says what
 * memory it imports; atomic instructions are as good on either.
 */
export function unshare(module: Uint8Array): Uint8Array {
  const bytes = module.slice();
  let at = 8; // behind "\0asm" and the version
  const number = () => {
    for (let value = 0, shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const skip = (length: number) => {
    at += length;
  };
  for (;;) {
    const section = number();
    const length = number();
    if (section === IMPORT_SECTION) break;
    if (at >= bytes.length) throw new Error("Expected a module that imports its memory");
    skip(length);
  }
  for (let left = number(); left > 0; left--) {
    skip(number());
    skip(number());
    if (number() === MEMORY_IMPORT) {
      bytes[at] = HAS_MAXIMUM;
      return bytes;
    }
    number(); // a function's type
  }
  throw new Error("Expected a module that imports its memory");
}
