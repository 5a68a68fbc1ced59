import { GREY_SIDE } from "../../data/duplicates/fingerprint.ts";
import { headLength, identifyImage } from "../../data/identify.ts";
import type { RgbImage } from "../../data/image.ts";
import { checkPixels, checkScans } from "../../data/pixel-limit.ts";
import { channelsOf, type DecodingRule, type Preprocessing } from "../../data/preprocessing.ts";
import { shrinkOf } from "../../data/shrink.ts";
import type { TakenPicture } from "../../data/take-picture.ts";
import { withDecodingMemory } from "./decoding-memory.ts";
import { addonWithLibvips } from "./libvips.ts";
import { preparationArguments } from "./prepare.ts";
import { makeRoom } from "./release.ts";

type Addon = NonNullable<ReturnType<typeof addonWithLibvips>>;

/** A JPEG that has not been decoded yet. */
interface OpenedJpeg {
  readonly addon: Addon;
  readonly bytes: Uint8Array;
  /** By which it is divided while it is decoded. */
  readonly shrink: number;
  /** Of the upright picture, divided. */
  readonly height: number;
  readonly width: number;
  /** That decoding takes, beside what it writes. */
  readonly bytesNeeded: number;
}

/**
 * The pixels of a JPEG, as decode.ts describes them, straight from libvips; undefined where that cannot be: for other colours than grey
 * and RGB, and for files that are damaged. sharp, which uses the same library, then knows the answer or the reason.
 *
 * @throws InputError `image.too-large`
 */
export async function decodeJpeg(bytes: Uint8Array, rule: DecodingRule): Promise<RgbImage | undefined> {
  const jpeg = openJpeg(bytes, rule);
  if (jpeg === undefined) return undefined;
  const { addon, shrink, height, width } = jpeg;
  const length = height * width * 3;
  return withDecodingMemory(jpeg.bytesNeeded + length, async () => {
    makeRoom(length);
    const pixels = new Uint8Array(length);
    const sizes = Int32Array.of(height, width, 3);
    const done = await addon.takeJpeg(bytes, shrink, undefined, pixels, sizes);
    return done ? { height, width, pixels } : undefined;
  });
}

/**
 * What `takePicture` makes of a JPEG, in one pass over its rows on another thread: the picture itself is never whole in memory unless
 * it is what is kept. Undefined as for `decodeJpeg`.
 *
 * @throws InputError `image.too-large`
 */
export async function takeJpeg(
  bytes: Uint8Array,
  rule: Preprocessing,
  fingerprints: boolean,
): Promise<TakenPicture | undefined> {
  const jpeg = openJpeg(bytes, rule);
  if (jpeg === undefined) return undefined;
  const { addon, shrink, height, width } = jpeg;
  const channels = channelsOf(rule);
  const values = rule.height * rule.width * channels;
  const length = height * width * channels;
  const smaller = length < values * Float32Array.BYTES_PER_ELEMENT;
  return withDecodingMemory(jpeg.bytesNeeded, async () => {
    const grey = fingerprints ? new Uint8Array(GREY_SIDE * GREY_SIDE) : undefined;
    const seen = grey && { fingerprint: { grey } };
    const size = { height, width, channels } as const;
    if (smaller) {
      const pixels = new Uint8Array(length);
      const done = await addon.takeJpeg(bytes, shrink, grey, pixels, Int32Array.of(height, width, channels));
      return done ? { image: { ...size, pixels }, ...seen } : undefined;
    }
    const image = new Float32Array(values);
    const done = await addon.takeJpeg(bytes, shrink, grey, image, ...preparationArguments(size, rule));
    return done ? { image, ...seen } : undefined;
  });
}

function openJpeg(bytes: Uint8Array, rule: DecodingRule): OpenedJpeg | undefined {
  if (identifyImage(bytes.subarray(0, headLength)).format !== "jpeg") return undefined;
  const addon = addonWithLibvips();
  const facts = addon?.headOfJpeg(bytes, 1);
  if (addon === undefined || facts === undefined) return undefined;
  const [height, width, , turned, sideways, progressive, halved, profiled] = facts;
  if (profiled && rule.iccProfile === "srgb") return undefined;
  checkPixels({ height, width, format: "jpeg" }, rule);
  checkScans(bytes, { height, width, format: "jpeg" }, rule);
  const shrink = shrinkOf(rule, sideways ? { height: width, width: height } : { height, width });
  const [storedHeight, storedWidth] = shrink === 1 ? facts : (addon.headOfJpeg(bytes, shrink) ?? facts);
  const turning = turned ? storedHeight * storedWidth * 6 : 0; // before and after
  return {
    addon,
    bytes,
    shrink,
    height: sideways ? storedWidth : storedHeight,
    width: sideways ? storedHeight : storedWidth,
    bytesNeeded: (progressive ? height * width * (halved ? 3 : 6) : 0) + turning,
  };
}
