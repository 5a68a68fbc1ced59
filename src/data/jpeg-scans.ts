const [SOS, EOI] = [0xda, 0xd9];

/** How many scans a JPEG has (ITU-T T.81, B.1), whatever lies in its comments and behind its end. */
export function countScans(bytes: Uint8Array): number {
  let scans = 0;
  let at = bytes.indexOf(0xff, 2);
  while (at >= 0 && at + 3 < bytes.length) {
    const marker = bytes[at + 1];
    if (marker === EOI) break;
    if (marker === SOS) scans++;
    const skipped = standsAlone(marker) ? 2 : 2 + 256 * bytes[at + 2] + bytes[at + 3];
    at = bytes.indexOf(0xff, at + (marker === 0xff ? 1 : skipped));
  }
  return scans;
}

/** A byte of 255 in the data of a scan, or a restart; neither is followed by a length. */
function standsAlone(marker: number): boolean {
  return marker === 0 || (marker >= 0xd0 && marker <= 0xd7);
}
