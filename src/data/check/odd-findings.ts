import { expectedFormatOfName, nameOfFormat } from "../identify.ts";
import { type Finding, type FindingKind, toFindings } from "./finding.ts";
import type { Measures } from "./measure.ts";
import type { SurveyedPhoto } from "./survey.ts";

/** Pixels of the shorter side. */
const TINY = 32;
const HUGE_MEGAPIXELS = 50;
/** Of the longer side to the shorter. */
const EXTREME_ASPECT = 3;
/** Standard deviation of the channel that varies most, of 255. */
const ONE_COLOUR = 3;
/** Mean grey level, of 255. */
const [DARK, BRIGHT] = [25, 235];
/** See `Measures.sharpness`: photos blurred by 3 pixels of 256 lie below, sharp thumbnails of 64 pixels above. */
const BLURRED = 0.0035;
/** Bits. Photos of the measurements have 3.4 and more, most have 6 to 8; signs, logos and blank pages have less. */
const LOW_INFORMATION = 3;
/** Of 255; what a JPEG makes of a grey picture stays below. */
const GREY = 3;
/** Share of the pixels. */
const TRANSPARENT = 0.01;
/** As many others must be of the other kind. */
const MOST_SHARE = 0.2;

interface OddKind extends FindingKind {
  /** What is so with the photo, or undefined where nothing is. */
  readonly detail: (photo: SurveyedPhoto) => string | undefined;
}

const used = (title: string, message: string, detail: OddKind["detail"]): OddKind => {
  return { title, message, effect: "used", detail };
};
const when = (
  holds: (measures: Measures) => boolean,
  detail: (measures: Measures) => string,
): OddKind["detail"] => {
  return ({ measures }) => (holds(measures) ? detail(measures) : undefined);
};

const isTiny = ({ width, height }: Measures) => Math.min(width, height) < TINY;
const isOneColour = ({ contrast }: Measures) => contrast < ONE_COLOUR;
const isGraphic = ({ entropy }: Measures) => entropy < LOW_INFORMATION;
const isGrey = ({ colourfulness }: Measures) => colourfulness < GREY;
const sizeOf = ({ width, height }: Measures) => `${width}x${height}`;

const kinds: Readonly<Record<string, OddKind>> = {
  "data.misnamed": used(
    "Named as another format",
    "The names of these files say one format and their content another; train goes by the content.",
    ({ sample, identity }) => {
      const expected = expectedFormatOfName(sample.path);
      if (expected === undefined || expected === identity.format) return undefined;
      return `named as ${nameOfFormat(expected)}, but its content is ${identity.name}`;
    },
  ),
  "image.several-frames": used(
    "More than one frame",
    "These files hold an animation or several pages; train takes the first and no other.",
    ({ frames }) => (frames > 1 ? `${frames} frames` : undefined),
  ),
  "image.transparent": used(
    "Transparent",
    "Parts of these are transparent. train drops that, and takes what colour lies under it, often black; with --background white (or another colour) it sees them as they look on such a page.",
    ({ transparent }) =>
      transparent < TRANSPARENT
        ? undefined
        : `${Math.max(1, Math.round(100 * transparent))} % of it look otherwise over white`,
  ),
  "odd.tiny": used(
    "Tiny",
    `These are less than ${TINY} pixels high or wide; train enlarges them as they are.`,
    when(isTiny, sizeOf),
  ),
  "odd.huge": used(
    "Huge",
    `These have more than ${HUGE_MEGAPIXELS} megapixels; train reads them, one at a time and slowly, and reduces them like all others.`,
    when(
      ({ width, height }) => width * height > HUGE_MEGAPIXELS * 1e6,
      (measures) => `${sizeOf(measures)}, ${Math.round((measures.width * measures.height) / 1e6)} megapixels`,
    ),
  ),
  "odd.extreme-aspect": used(
    "Very wide or very high",
    `One side of these is more than ${EXTREME_ASPECT} times the other; train uses them all the same, and what they show is distorted or small then.`,
    when(
      ({ width, height }) => Math.max(width / height, height / width) > EXTREME_ASPECT,
      (measures) => `${sizeOf(measures)}, ${aspectOf(measures)} to 1`,
    ),
  ),
  "odd.one-colour": used(
    "Of one colour",
    "These show nothing but one colour; train uses them, and there is nothing in them to learn from.",
    when(isOneColour, (measures) => `all of one colour, ${sizeOf(measures)}`),
  ),
  "odd.dark": used(
    "Very dark",
    "Hardly any light is in these; train uses them as they are.",
    when(
      (measures) => measures.brightness < DARK && !isOneColour(measures),
      ({ brightness }) => `mean grey level ${Math.round(brightness)} of 255`,
    ),
  ),
  "odd.bright": used(
    "Very bright",
    "These are nearly white; train uses them as they are.",
    when(
      (measures) => measures.brightness > BRIGHT && !isOneColour(measures),
      ({ brightness }) => `mean grey level ${Math.round(brightness)} of 255`,
    ),
  ),
  "odd.blurred": used(
    "Blurred",
    "Nothing in these is sharp, seen 256 pixels large; train uses them as they are.",
    when(
      (measures) =>
        measures.sharpness < BLURRED && !isOneColour(measures) && !isGraphic(measures) && !isTiny(measures), // so much enlarged, all of them are
      ({ sharpness }) => `sharpness ${sharpness.toFixed(4)}, where ${BLURRED} is little`,
    ),
  ),
  "odd.low-information": used(
    "Low in information",
    "Even areas make up most of these: drawings, logos, text, blank pages. train uses them as they are; see whether they belong to the photos.",
    when(
      (measures) => isGraphic(measures) && !isOneColour(measures),
      ({ entropy }) => `${entropy.toFixed(1)} of 8 bits`,
    ),
  ),
};

const greyAmongColour = used(
  "Grey among colour",
  "These have no colour and nearly all others have; train uses them as they are. Where one class has more of them than another, a classifier may learn that.",
  when(isGrey, () => "grey"),
);
const colourAmongGrey = used(
  "Colour among grey",
  "These have colour and nearly all others are grey; train uses them as they are. Where one class has more of them than another, a classifier may learn that.",
  when(
    (measures) => !isGrey(measures),
    () => "in colour",
  ),
);

/** Of photos that are read, but are not as most are. */
export function oddFindings(photos: readonly SurveyedPhoto[]): Finding[] {
  return [
    ...Object.entries(kinds).flatMap(([code, kind]) => findOdd(code, kind, photos)),
    ...minority("odd.grey-among-colour", greyAmongColour, photos),
    ...minority("odd.colour-among-grey", colourAmongGrey, photos),
  ];
}

function findOdd(code: string, kind: OddKind, photos: readonly SurveyedPhoto[]): Finding[] {
  const cases = photos.flatMap((photo) => {
    const detail = kind.detail(photo);
    return detail === undefined ? [] : [{ files: [photo.sample.relativePath], detail }];
  });
  return toFindings(code, kind, cases);
}

function minority(code: string, kind: OddKind, photos: readonly SurveyedPhoto[]): Finding[] {
  const findings = findOdd(code, kind, photos);
  return findings.filter(({ files }) => files <= MOST_SHARE * photos.length);
}

function aspectOf({ width, height }: Measures): string {
  return (Math.max(width, height) / Math.min(width, height)).toFixed(1);
}
