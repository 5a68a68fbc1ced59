import { crc32, createInflate, deflateSync } from "node:zlib";

/** Larger ones are not mended: what they show is only looked at. */
const MOST_BYTES = 400_000_000;
const SIGNATURE = 8;

/**
 * A PNG whose pixels break off or are damaged, as one that is whole: what is missing is zeros. Left alone, libvips fills the rest with
 * rows that it has read before. Undefined where nothing can be had.
 *
 * @see https://www.w3.org/TR/png-3/
 */
export async function mendPng(bytes: Uint8Array): Promise<Uint8Array | undefined> {
  const chunks = chunksOf(bytes);
  const header = chunks[0]?.type === "IHDR" && chunks[0].data.length === 13 ? chunks[0].data : undefined;
  const size = header && filteredSize(header);
  if (size === undefined || size > MOST_BYTES) return undefined;
  const filtered = new Uint8Array(size);
  const packed = chunks.filter(({ type }) => type === "IDAT").map(({ data }) => data);
  if ((await inflateInto(filtered, packed)) === 0) return undefined;
  const first = chunks.findIndex(({ type }) => type === "IDAT");
  const before = chunks.slice(0, first < 0 ? chunks.length : first);
  return new Uint8Array(
    Buffer.concat([
      bytes.subarray(0, SIGNATURE),
      ...before.map(({ type, data }) => chunk(type, data)),
      chunk("IDAT", deflateSync(filtered, { level: 1 })),
      chunk("IEND", new Uint8Array()),
    ]),
  );
}

interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
}

/** As far as the file goes; the last one may be cut. */
function chunksOf(bytes: Uint8Array): Chunk[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: Chunk[] = [];
  for (let at = SIGNATURE; at + 8 <= bytes.length; ) {
    const length = view.getUint32(at);
    const type = Buffer.from(bytes.subarray(at + 4, at + 8)).toString("latin1");
    if (!/^[A-Za-z]{4}$/.test(type)) break;
    chunks.push({ type, data: bytes.subarray(at + 8, at + 8 + length) });
    at += 12 + length;
  }
  return chunks;
}

/** Bytes of all rows, each with the one that names its filter; those of the seven passes where it is interlaced. */
function filteredSize(header: Uint8Array): number | undefined {
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const samples = [1, undefined, 3, 1, 2, undefined, 4][header[9]];
  if (samples === undefined) return undefined;
  const passes = header[12] === 0 ? [[0, 0, 1, 1]] : adam7;
  return passes.reduce((sum, [x, y, stepX, stepY]) => {
    const columns = Math.ceil((width - x) / stepX);
    const rows = Math.ceil((height - y) / stepY);
    return columns <= 0 || rows <= 0
      ? sum
      : sum + rows * (1 + Math.ceil((columns * samples * header[8]) / 8));
  }, 0);
}

/** First column and row of each pass, and the steps to the next ones. */
const adam7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
];

/** As much as can be had, up to the first damage; returns how many bytes that is. */
function inflateInto(target: Uint8Array, packed: readonly Uint8Array[]): Promise<number> {
  return new Promise((resolve) => {
    const inflate = createInflate();
    let end = 0;
    inflate.on("data", (part: Uint8Array) => {
      target.set(part.subarray(0, target.length - end), end);
      end += Math.min(part.length, target.length - end);
      if (end === target.length) inflate.destroy();
    });
    inflate.on("error", () => resolve(end)).on("close", () => resolve(end));
    for (const part of packed) inflate.write(part);
    inflate.end();
  });
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const whole = Buffer.alloc(12 + data.length);
  whole.writeUInt32BE(data.length);
  whole.write(type, 4, "latin1");
  whole.set(data, 8);
  whole.writeUInt32BE(crc32(whole.subarray(4, 8 + data.length)), 8 + data.length);
  return whole;
}
