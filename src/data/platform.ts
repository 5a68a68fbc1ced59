import type { Archive } from "./archive.ts";
import type { ChangeImages } from "./augment/augment-batch.ts";
import type { RgbImage } from "./image.ts";
import type { PreparePictures, PreparePixels } from "./prepare.ts";
import type { DecodingRule } from "./preprocessing.ts";
import type { TakePicture } from "./take-picture.ts";

export interface DirectoryEntry {
  readonly name: string;
  readonly kind: "file" | "directory" | "other";
  /** The entry is a link, and `kind` is what it leads to ("other" where that is gone). */
  readonly link?: boolean;
}

/** Pieces are asked for as they are written. */
export type FileContent = string | Uint8Array | Iterable<Uint8Array>;

/** What an image has beside the pixels of its first frame. */
export interface ImageTraits {
  /** Or pages. */
  readonly frames: number;
  /** Parts of it may be transparent. */
  readonly hasAlpha: boolean;
}

/** A file whose content the system has, beside the place that it is for. `settle` or `drop` is called, once. */
export interface StagedFile {
  /** What was written, as the system gives it back. */
  read(): Promise<Uint8Array>;
  /** Syncs it and puts it in its place: from then on it is whole there, also after a crash. */
  settle(): Promise<void>;
  /** Removes it. */
  drop(): Promise<void>;
}

/**
 * What the house needs from the machine it runs on; `platform/node` is the one for Node. Paths use the
 * machine's own separator and are only ever joined by `join`. Every refusal is an `InputError` that names the path.
 */
export interface Platform {
  join(...parts: string[]): string;
  baseName(path: string): string;
  /** `undefined` where nothing is. Links are followed. */
  kindOf(path: string): Promise<DirectoryEntry["kind"] | undefined>;
  /** Entries of a folder in no particular order. Links are followed. */
  list(folder: string): Promise<DirectoryEntry[]>;
  readFile(path: string): Promise<Uint8Array>;
  /** Bytes of a file; 0 where nobody can tell, and reading it will say why. */
  sizeOf(path: string): Promise<number>;
  /** At most the first `length` bytes. */
  readHead(path: string, length: number): Promise<Uint8Array>;
  /** Opens a zip or tar file; undefined where the file is none. */
  openArchive(path: string): Promise<Archive | undefined>;
  /** Makes the folder and those above it. */
  makeFolder(path: string): Promise<void>;
  /** Writes beside, syncs and renames: the file is whole or is not there. Pieces lie one behind the other. */
  writeFile(path: string, bytes: FileContent): Promise<void>;
  /** The first half of `writeFile`: when it is done, the memory of the bytes may change. */
  stageFile(path: string, bytes: FileContent): Promise<StagedFile>;
  sha256(bytes: Uint8Array): Promise<string>;
  /** Reads JPEG, PNG, WebP, GIF (first frame), BMP, TIFF (first page) and AVIF; upright 8-bit RGB. Without a rule by `plainDecoding`. */
  decode(bytes: Uint8Array, rule?: DecodingRule): Promise<RgbImage>;
  /** What decodes, with its versions: where this text is the same, so are the pixels. */
  describeDecoder(): string;
  /** A faster way to the bits of `preparePixels` in prepare.ts, where there is one. */
  readonly preparePixels?: PreparePixels | undefined;
  /** The same for many pictures at once, where it has threads for them. */
  readonly preparePictures?: PreparePictures | undefined;
  /** A faster way to the bits of `takePicture` in take-picture.ts, where there is one. */
  readonly takePicture?: TakePicture | undefined;
  /** Gives back at once the memory of bytes that nobody will read again. */
  readonly release?: ((bytes: Uint8Array) => void) | undefined;
  /** A faster way to the bits of `changeOneByOne` in augment/augment-batch.ts, where there is one. */
  readonly changeImages?: ChangeImages | undefined;
  encodePng(image: RgbImage): Promise<Uint8Array>;
  /** Small, for a look. */
  encodeJpeg(image: RgbImage): Promise<Uint8Array>;
  /** Of a file that decodes. */
  inspect(bytes: Uint8Array): Promise<ImageTraits>;
  /** What can be had of a damaged image, what is missing in one colour; undefined where it is nothing. */
  decodeDamaged(bytes: Uint8Array): Promise<RgbImage | undefined>;
  /** How many pieces of work run at once. */
  readonly cores: number;
}
