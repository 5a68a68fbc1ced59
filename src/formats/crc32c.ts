/** The CRC of Castagnoli et al. 1993, as in RFC 3720, B.4: reflected polynomial 0x82f63b78. Four bytes a turn, by a table for each. */
export function crc32c(bytes: Uint8Array): number {
  const wide = bytes.length - (bytes.length % 4); // the loop of four stops here; the other takes the tail
  let crc = -1;
  for (let i = 0; i < wide; i += 4) {
    const word = crc ^ (bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24));
    crc =
      tables[768 + (word & 0xff)] ^
      tables[512 + ((word >>> 8) & 0xff)] ^
      tables[256 + ((word >>> 16) & 0xff)] ^
      tables[word >>> 24];
  }
  for (let i = wide; i < bytes.length; i++) crc = (crc >>> 8) ^ tables[(crc ^ bytes[i]) & 0xff];
  return ~crc >>> 0;
}

/** What a byte becomes, and what it becomes with one, two and three bytes of zeros behind it; 256 of each. */
const tables = new Int32Array(1024);
for (let byte = 0; byte < 256; byte++) {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  tables[byte] = crc;
}
for (let i = 256; i < tables.length; i++) {
  const before = tables[i - 256];
  tables[i] = (before >>> 8) ^ tables[before & 0xff];
}
