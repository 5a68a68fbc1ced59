/**
 * Drawn faces for the demonstration and for tests: happy and sad, and alike in all else. Each face depends on
 * nothing but the seed, its index and its mood.
 */
import { RandomStream } from "../util/random.ts";
import { drawGlasses, drawHat, drawLight, drawOcclusion } from "./accessories.ts";
import { type Area, drawBackground } from "./backgrounds.ts";
import { between, chance, pick } from "./choices.ts";
import { drawExpression } from "./expression.ts";
import { type Finish, finishes } from "./finish.ts";
import { drawBeard, drawBody, drawHair, drawHairBehind, drawHead } from "./head.ts";
import { drawPerson, type Mood } from "./person.ts";
import { element, group } from "./svg.ts";

export interface DrawnFace {
  readonly svg: string;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** What is done to the pixels afterwards; see `finishPixels`. */
  readonly finish: Finish;
}

export interface FaceSize {
  readonly width: number;
  readonly height: number;
}

const smallestSide = 64;
/** Width by height: square, portrait and landscape, as cameras and phones make them. */
const aspectRatios = [1, 1, 3 / 4, 4 / 3, 4 / 5, 5 / 4, 2 / 3, 3 / 2];

/** The `index`th face of a set; `size` is drawn by `faceSize` unless given. */
export function describeFace(
  seed: number,
  index: number,
  mood: Mood,
  size: FaceSize = faceSize(seed, index),
): DrawnFace {
  const stream = (part: string) => new RandomStream(seed, `face-${part}`, index);
  const { width, height } = size;
  const unit = 256 / Math.min(width, height);
  const area = { width: width * unit, height: height * unit };
  const person = drawPerson(stream("person"), mood);
  const parts = [
    drawHairBehind(stream("hair-behind"), person),
    drawBody(stream("body"), person),
    drawHead(stream("head"), person),
    drawHair(stream("hair"), person),
    drawBeard(stream("beard"), person),
    drawExpression(stream("expression"), person),
    drawGlasses(stream("glasses"), person),
    drawHat(stream("hat"), person),
    drawOcclusion(stream("occlusion"), person),
  ];
  const picture =
    drawBackground(stream("background"), area) +
    group(drawPose(stream("pose"), area), parts.join("")) +
    drawLight(stream("light"), area);
  const svg = element(
    "svg",
    { xmlns: "http://www.w3.org/2000/svg", width, height, viewBox: `0 0 ${area.width} ${area.height}` },
    picture,
  );
  return { svg, width, height, finish: drawFinish(stream("finish")) };
}

/** The longer side is log-uniform between 64 and `largestSide` pixels; the shorter one is at least 64 too. */
export function faceSize(seed: number, index: number, largestSide = 2000): FaceSize {
  const stream = new RandomStream(seed, "face-size", index);
  const longer = smallestSide * (largestSide / smallestSide) ** stream.next();
  const ratio = pick(stream, aspectRatios);
  const side = (share: number) => Math.max(smallestSide, Math.round(longer * Math.min(1, share)));
  return { width: side(ratio), height: side(1 / ratio) };
}

/** Where the head stands, how large and how far tilted. */
function drawPose(stream: RandomStream, { width, height }: Area): string {
  const x = width * between(stream, 0.47, 0.53);
  const y = height * between(stream, 0.465, 0.535);
  const turn = between(stream, -6, 6);
  const scale = between(stream, 1.02, 1.24);
  const flip = chance(stream, 0.5) ? 1 : -1;
  return `translate(${x.toFixed(1)} ${y.toFixed(1)}) rotate(${turn.toFixed(1)}) scale(${(flip * scale).toFixed(3)} ${scale.toFixed(3)})`;
}

function drawFinish(stream: RandomStream): Finish {
  return {
    grey: chance(stream, 0.12),
    noise: pick(stream, finishes),
    amount: between(stream, 0.1, 0.7),
    brightness: between(stream, -15, 25),
    contrast: between(stream, 0.9, 1.2),
  };
}
