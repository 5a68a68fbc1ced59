/** Which drawn face goes into which file: formats, names and sizes alike in both classes. */
import { RandomStream } from "../util/random.ts";
import { between, pick } from "./choices.ts";
import { type FaceSize, faceSize } from "./faces.ts";
import { type Mood, moods } from "./person.ts";

/** How a picture is written. Only JPEG photos are large, as in real folders. */
export const encodings = {
  jpeg: { share: 44, extension: "jpg", largestSide: 2000 },
  "jpeg-turned": { share: 8, extension: "JPG", largestSide: 1200 },
  "jpeg-grey": { share: 3, extension: "jpeg", largestSide: 800 },
  png: { share: 12, extension: "png", largestSide: 800 },
  "png-grey": { share: 3, extension: "png", largestSide: 800 },
  "png-palette": { share: 4, extension: "png", largestSide: 500 },
  "png-alpha": { share: 4, extension: "png", largestSide: 500 },
  "png-misnamed": { share: 3, extension: "jpg", largestSide: 500 },
  webp: { share: 8, extension: "webp", largestSide: 1000 },
  gif: { share: 4, extension: "gif", largestSide: 400 },
  bmp: { share: 3, extension: "bmp", largestSide: 500 },
  tiff: { share: 3, extension: "tif", largestSide: 500 },
  avif: { share: 1, extension: "avif", largestSide: 160 },
} as const;
export type Encoding = keyof typeof encodings;

export interface DrawnFile {
  readonly mood: Mood;
  readonly name: string;
  /** Of the face, in the set. */
  readonly index: number;
  readonly size: FaceSize;
  readonly encoding: Encoding;
}

/** `count` files, half of them happy; each class holds the same number of each encoding, to within one. */
export function planFiles(count: number, seed: number): DrawnFile[] {
  return moods.flatMap((mood, m) => {
    const first = Math.ceil((count * m) / moods.length);
    const quota = Math.ceil((count * (m + 1)) / moods.length) - first;
    const shuffled = new RandomStream(seed, "encodings", m).shuffled(spreadEncodings(quota));
    return shuffled.map((encoding, i) => planFile(seed, first + i, mood, encoding));
  });
}

function planFile(seed: number, index: number, mood: Mood, encoding: Encoding): DrawnFile {
  const { extension, largestSide } = encodings[encoding];
  const name = `${baseName(new RandomStream(seed, "file-name", index), index)}.${extension}`;
  return { mood, name, index, encoding, size: faceSize(seed, index, largestSide) };
}

/** The encodings in the proportion of their shares; a folder of fair size has each at least once. */
function spreadEncodings(count: number): Encoding[] {
  const names = Object.keys(encodings) as Encoding[];
  const once = count >= 2 * names.length ? names : [];
  const deck = names.flatMap((name) => Array<Encoding>(encodings[name].share).fill(name));
  const rest = count - once.length;
  const spread = Array.from({ length: rest }, (_, i) => deck[Math.floor(((i + 0.5) / rest) * deck.length)]);
  return [...once, ...spread];
}

/** As cameras, phones, chats and people name files; the index keeps it unique. */
function baseName(stream: RandomStream, index: number): string {
  const digits = (length: number) => String(stream.nextInteger(10 ** length)).padStart(length, "0");
  const place = String(index).padStart(4, "0");
  return pick(stream, [
    () => `IMG_${place}`,
    () => `DSC0${place}`,
    () => `2026${String(1 + stream.nextInteger(12)).padStart(2, "0")}14_${digits(4)}_${place}`,
    () => `photo ${index} (${1 + stream.nextInteger(3)})`,
    () => `${Math.floor(between(stream, 1e8, 9e8)).toString(16)}-${place}`,
    () => `José's birthday ${index}`,
  ])();
}
