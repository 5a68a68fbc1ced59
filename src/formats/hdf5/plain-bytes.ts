/** Why a file is left to the HDF5 library, which reads every kind, and says what is wrong with a damaged one. */
export class NotPlain extends Error {}

export function expectPlain(plain: boolean, what: string): void {
  if (!plain) throw new NotPlain(what);
}

/** The bytes of an HDF5 file. A position outside of them is a `NotPlain`. */
export class PlainBytes {
  readonly bytes: Uint8Array;
  private readonly collections = new Map<number, ReadonlyMap<number, Uint8Array>>();
  private readonly view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u8(at: number): number {
    return this.view.getUint8(this.within(at, 1));
  }

  u16(at: number): number {
    return this.view.getUint16(this.within(at, 2), true);
  }

  u32(at: number): number {
    return this.view.getUint32(this.within(at, 4), true);
  }

  /** An address or a length. */
  u64(at: number): number {
    const high = this.u32(at + 4);
    expectPlain(high < 0x20_0000, "a number above 2^53");
    return high * 0x1_0000_0000 + this.u32(at);
  }

  slice(at: number, length: number): Uint8Array {
    return this.bytes.subarray(this.within(at, length), at + length);
  }

  text(at: number, length: number): string {
    return new TextDecoder().decode(this.slice(at, length));
  }

  /** A text that a zero ends. */
  textToZero(at: number): string {
    const end = this.bytes.indexOf(0, this.within(at, 1));
    expectPlain(end >= 0, "a text without an end");
    return this.text(at, end - at);
  }

  /** A text of the collection that begins at `start`, by its number: III.E. */
  keptText(start: number, number: number, length: number): string {
    const collection = this.collections.get(start) ?? this.readCollection(start);
    this.collections.set(start, collection);
    const bytes = collection.get(number);
    expectPlain(bytes !== undefined && bytes.length >= length, "a text that is not in its collection");
    return new TextDecoder().decode(bytes?.subarray(0, length));
  }

  expectSignature(at: number, signature: string): void {
    for (let i = 0; i < signature.length; i++) {
      expectPlain(this.u8(at + i) === signature.charCodeAt(i), `no ${signature} at ${at}`);
    }
  }

  private readCollection(start: number): Map<number, Uint8Array> {
    this.expectSignature(start, "GCOL");
    const end = start + this.u64(start + 8);
    const objects = new Map<number, Uint8Array>();
    for (let at = start + 16; at + 16 <= end; ) {
      const [number, size] = [this.u16(at), this.u64(at + 8)];
      if (number === 0) break; // free room to the end
      objects.set(number, this.slice(at + 16, size));
      at += 16 + Math.ceil(size / 8) * 8;
    }
    return objects;
  }

  private within(at: number, length: number): number {
    expectPlain(at >= 0 && at + length <= this.bytes.length, `a position outside of the file: ${at}`);
    return at;
  }
}
