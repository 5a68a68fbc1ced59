/** Little-endian bytes that grow as they are written. */
export class ByteWriter {
  private bytes = new Uint8Array(4096);
  private view = new DataView(this.bytes.buffer);
  private end = 0;

  get length(): number {
    return this.end;
  }

  u8(...values: readonly number[]): void {
    const at = this.take(values.length); // before `bytes` is looked at: it may be another one after this
    this.bytes.set(values, at);
  }

  u16(value: number): void {
    const at = this.take(2);
    this.view.setUint16(at, value, true);
  }

  u32(value: number): void {
    const at = this.take(4);
    this.view.setUint32(at, value, true);
  }

  u64(...values: readonly number[]): void {
    for (const value of values) {
      const at = this.take(8);
      this.view.setBigUint64(at, BigInt(value), true);
    }
  }

  /** Eight bytes of ones: HDF5's word for an address that is not there. */
  nowhere(count = 1): void {
    const start = this.take(8 * count);
    this.bytes.fill(0xff, start, start + 8 * count);
  }

  raw(bytes: Uint8Array): void {
    const at = this.take(bytes.length);
    this.bytes.set(bytes, at);
  }

  zeros(count: number): void {
    this.take(count);
  }

  /** Fills up with zeros to a multiple of `unit`. */
  align(unit: number): void {
    this.take((unit - (this.end % unit)) % unit);
  }

  /** Writes over what has been left open. */
  setU16(position: number, value: number): void {
    this.view.setUint16(position, value, true);
  }

  setU32(position: number, value: number): void {
    this.view.setUint32(position, value, true);
  }

  setU64(position: number, value: number): void {
    this.view.setBigUint64(position, BigInt(value), true);
  }

  finish(): Uint8Array {
    return this.bytes.subarray(0, this.end);
  }

  private take(count: number): number {
    const start = this.end;
    this.end += count;
    if (this.end > this.bytes.length) {
      const grown = new Uint8Array(Math.max(this.end, 2 * this.bytes.length));
      grown.set(this.bytes);
      this.bytes = grown;
      this.view = new DataView(grown.buffer);
    }
    return start;
  }
}
