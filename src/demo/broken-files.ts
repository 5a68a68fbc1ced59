import type { Mood } from "./person.ts";

/** What else lies in a real folder: none of these is a picture that can be read whole. */
export interface BrokenFile {
  readonly mood: Mood;
  readonly name: string;
  /** `jpeg` is a whole JPEG, for the file that is cut short. */
  readonly bytes: (jpeg: Uint8Array) => Uint8Array;
}

const text = (words: string) => () => new TextEncoder().encode(words);

export const brokenFiles: readonly BrokenFile[] = [
  { mood: "happy", name: "IMG_cut_short.jpg", bytes: (jpeg) => jpeg.slice(0, Math.floor(jpeg.length * 0.4)) },
  { mood: "sad", name: "IMG_empty.jpg", bytes: () => new Uint8Array(0) },
  { mood: "sad", name: "notes.jpg", bytes: text("To do: ask Ana for the photos of the picnic.\n") },
  {
    mood: "happy",
    name: "download.png",
    bytes: text(
      "<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head><body>Not Found</body></html>\n",
    ),
  },
  { mood: "happy", name: "Thumbs.db", bytes: () => windowsThumbnails() },
  {
    mood: "sad",
    name: ".DS_Store",
    bytes: () => new Uint8Array([0, 0, 0, 1, 0x42, 0x75, 0x64, 0x31, 0, 0, 0x10, 0]),
  },
];

/** The first sector of an OLE compound file, which is what Windows keeps thumbnails in. */
function windowsThumbnails(): Uint8Array {
  const sector = new Uint8Array(512);
  sector.set([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]);
  return sector;
}
