import { availableParallelism } from "node:os";
import { basename, join } from "node:path";
import type { Platform } from "../../data/platform.ts";
import { openArchive } from "./archive/open.ts";
import { nativeChangeImages } from "./augment.ts";
import { decodeImage, encodePng } from "./decode.ts";
import { decodeDamaged } from "./decode-damaged.ts";
import { describeDecoder } from "./describe-decoder.ts";
import {
  kindOf,
  list,
  makeFolder,
  readWholeFile,
  sha256,
  sizeOf,
  stageFile,
  writeWholeFile,
} from "./files.ts";
import { encodeJpeg, inspect } from "./inspect.ts";
import { takeJpeg } from "./jpeg.ts";
import { nativePreparePictures, nativePreparePixels } from "./prepare.ts";
import { readHead } from "./read-head.ts";
import { release } from "./release.ts";

/** The machine as Node sees it. */
export const nodePlatform: Platform = {
  join,
  baseName: (path) => basename(path),
  kindOf,
  list,
  readFile: readWholeFile,
  readHead,
  sizeOf,
  openArchive: (path) => openArchive(path),
  makeFolder,
  writeFile: writeWholeFile,
  stageFile,
  sha256,
  decode: decodeImage,
  describeDecoder,
  takePicture: takeJpeg,
  preparePixels: nativePreparePixels(),
  preparePictures: nativePreparePictures(),
  release,
  changeImages: nativeChangeImages(),
  encodePng,
  encodeJpeg,
  inspect,
  decodeDamaged,
  cores: availableParallelism(),
};
