import { InputError } from "../util/errors.ts";

/** What a model takes the bytes of a photo as. */
export interface ValueRange {
  readonly scale: number;
  readonly offset: number;
  /** What each channel is then less, and divided by. */
  readonly perChannel?: { readonly mean: readonly number[]; readonly deviation: readonly number[] };
}

/** Of ImageNet's training photos in 0..1; what torchvision's and timm's models are trained with. */
const imageNet = "0.485,0.456,0.406/0.229,0.224,0.225";

const decimal = String.raw`[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?`;
const pairPattern = new RegExp(`^(${decimal})\\.\\.(${decimal})$`, "i");
const listPattern = new RegExp(`^${decimal}(?:,${decimal})*$`, "i");

/**
 * The range in words: `0..1`, `-1..1`, `0..255` or any other; `imagenet`; or means and deviations of what is 0..1 by channel,
 * `0.5,0.5,0.5/0.2,0.2,0.2`.
 * @throws InputError `option.bad-value`
 */
export function parseValueRange(text: string): ValueRange {
  const pair = pairPattern.exec(text);
  const [least, most] = pair ? [Number(pair[1]), Number(pair[2])] : [0, 1];
  if (pair && least < most) return { scale: (most - least) / 255, offset: least };
  const halves = (text === "imagenet" ? imageNet : text).split("/");
  const [mean, deviation] = halves.map((half) => (listPattern.test(half) ? half.split(",").map(Number) : []));
  const known = halves.length === 2 && mean.length > 0 && mean.length === deviation.length;
  if (known && deviation.every((each) => each > 0)) {
    return { scale: 1 / 255, offset: 0, perChannel: { mean, deviation } };
  }
  const message = `Expected --range to be 0..1, -1..1, 0..255 or other ends, imagenet, or mean,…/deviation,… a channel, found "${text}"`;
  throw new InputError("option.bad-value", message);
}
