import { RandomStream } from "../../util/random.ts";

/** More of them find more, and take longer. */
const BANDS = 6;
/** Bits of a code that bands are made of: the slowest waves change least when a picture is cropped a little. */
const BAND_BITS_FROM = 40;
const [FEWEST_BITS, MOST_BITS] = [6, 20];
/** A crowd of pictures alike is linked up all the same, one with the next. */
const MOST_OF_A_BUCKET = 64;

/** Finds codes of which some band is the same; each lies in a bucket of about one, however many codes there are. */
export interface BandIndex {
  /** Calls `visit` with the items that share a band with a code, some more than once. */
  search(low: number, high: number, visit: (item: number) => void): void;
}

/**
 * Locality-sensitive hashing (Indyk and Motwani 1998): each band takes some bits of the code, about log2 of the number of codes,
 * and codes that differ in few bits agree in some band. `codes` holds two 32-bit words a code.
 */
export function createBandIndex(codes: Uint32Array): BandIndex {
  const count = codes.length / 2;
  const bits = Math.max(FEWEST_BITS, Math.min(MOST_BITS, Math.ceil(Math.log2(Math.max(1, count)))));
  const bands = Array.from({ length: BANDS }, (_, band) => {
    const places = new RandomStream(0, "bands", band)
      .shuffled(Array.from({ length: BAND_BITS_FROM }, (_, place) => place))
      .slice(0, bits);
    return createBand(codes, Uint8Array.from(places));
  });
  return {
    search: (low, high, visit) => {
      for (const band of bands) {
        const key = keyOf(low, high, band.places);
        const [begin, end] = [band.starts[key], band.starts[key + 1]];
        const step = Math.max(1, Math.ceil((end - begin) / MOST_OF_A_BUCKET));
        for (let i = begin; i < end; i += step) visit(band.items[i]);
      }
    },
  };
}

interface Band {
  readonly places: Uint8Array;
  /** Where the items of each key begin; one more than there are keys. */
  readonly starts: Uint32Array;
  readonly items: Uint32Array;
}

function createBand(codes: Uint32Array, places: Uint8Array): Band {
  const count = codes.length / 2;
  const starts = new Uint32Array(2 ** places.length + 1);
  const keys = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    keys[i] = keyOf(codes[2 * i], codes[2 * i + 1], places);
    starts[keys[i] + 1]++;
  }
  for (let key = 1; key < starts.length; key++) starts[key] += starts[key - 1];
  const next = starts.slice();
  const items = new Uint32Array(count);
  for (let i = 0; i < count; i++) items[next[keys[i]]++] = i;
  return { places, starts, items };
}

function keyOf(low: number, high: number, places: Uint8Array): number {
  let key = 0;
  for (let i = 0; i < places.length; i++) {
    const place = places[i];
    key = (key << 1) | ((place < 32 ? low >>> place : high >>> (place - 32)) & 1);
  }
  return key;
}
