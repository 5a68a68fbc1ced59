import { InputError } from "../../util/errors.ts";
import { crc32c } from "../crc32c.ts";

/** Records one after the other, each with its length and two checksums: tensorflow/core/lib/io/record_writer.h. */

const headerBytes = 12;
const checksumBytes = 4;

/** length (8 bytes), its checksum (4), the message, its checksum (4) */
export function frame(message: Uint8Array): Uint8Array {
  const record = new Uint8Array(headerBytes + message.length + checksumBytes);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(message.length), true);
  view.setUint32(8, maskedChecksum(record.subarray(0, 8)), true);
  record.set(message, headerBytes);
  view.setUint32(headerBytes + message.length, maskedChecksum(message), true);
  return record;
}

/** The messages in a file. Throws an `InputError` at a record that is not whole. */
export function* messagesIn(bytes: Uint8Array): Generator<Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let start = 0; start < bytes.length; ) {
    const left = bytes.length - start;
    const length = left < headerBytes ? Number.POSITIVE_INFINITY : Number(view.getBigUint64(start, true));
    if (headerBytes + length + checksumBytes > left)
      throw brokenRecord(start, `one cut short after ${left} bytes`);
    const message = bytes.subarray(start + headerBytes, start + headerBytes + length);
    const sound =
      view.getUint32(start + 8, true) === maskedChecksum(bytes.subarray(start, start + 8)) &&
      view.getUint32(start + headerBytes + length, true) === maskedChecksum(message);
    if (!sound) throw brokenRecord(start, "one whose checksum differs");
    yield message;
    start += headerBytes + length + checksumBytes;
  }
}

/** A checksum that is stored beside what it covers is masked, so that a checksum of both does not cancel out. */
function maskedChecksum(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

function brokenRecord(start: number, found: string): InputError {
  return new InputError(
    "events.damaged",
    `Expected a whole record of events at byte ${start}, found ${found}`,
  );
}
