import { expect, it } from "vitest";
import type { Change, ImageKind } from "../../../src/data/augment/augmentation.ts";
import { stretchContrast } from "../../../src/data/augment/auto-contrast.ts";
import { paste } from "../../../src/data/augment/cut-mix.ts";
import { equalize } from "../../../src/data/augment/equalization.ts";
import { blend } from "../../../src/data/augment/mix-up.ts";
import { adjustBrightness } from "../../../src/data/augment/random-brightness.ts";
import { degenerateColor } from "../../../src/data/augment/random-color-degeneration.ts";
import { adjustContrast } from "../../../src/data/augment/random-contrast.ts";
import { cropAndResize } from "../../../src/data/augment/random-crop.ts";
import { erase } from "../../../src/data/augment/random-erasing.ts";
import { type FlipMode, flip } from "../../../src/data/augment/random-flip.ts";
import { posterize } from "../../../src/data/augment/random-posterization.ts";
import { rotate } from "../../../src/data/augment/random-rotation.ts";
import { sharpen } from "../../../src/data/augment/random-sharpness.ts";
import { shear } from "../../../src/data/augment/random-shear.ts";
import { translate } from "../../../src/data/augment/random-translation.ts";
import { zoom } from "../../../src/data/augment/random-zoom.ts";
import { solarize } from "../../../src/data/augment/solarization.ts";
import {
  type FixtureArray,
  firstDifference,
  float32Of,
  readKerasFixture,
} from "../../support/keras-fixture.ts";

type Change1 = (parameters: readonly number[], kind: ImageKind) => Change;

const changes: Readonly<Record<string, Change1>> = {
  flip: ([mode], kind) => flip(mode as unknown as FlipMode, kind),
  rotate: ([degrees], kind) => rotate(degrees, kind),
  zoom: ([scale], kind) => zoom(scale, kind),
  translate: ([down, right], kind) => translate(down, right, kind),
  shear: ([x, y], kind) => shear(x, y, kind),
  adjustBrightness: ([share], { valueRange: range }) =>
    adjustBrightness(share * (range[1] - range[0]), range),
  adjustContrast: ([factor], kind) => adjustContrast(factor, kind),
  cropAndResize: ([top, left, height, width], kind) => cropAndResize({ top, left, height, width }, kind),
  erase: ([top, bottom, left, right, fill], kind) => erase({ top, bottom, left, right }, () => fill, kind),
  degenerateColor: ([factor], kind) => degenerateColor(factor, kind),
  sharpen: ([factor], kind) => sharpen(factor, kind),
  solarize: ([addition, threshold], { valueRange }) => solarize(addition, threshold, valueRange),
  posterize: ([bits], { valueRange }) => posterize(bits, valueRange),
  stretchContrast: (_, kind) => stretchContrast(kind),
  equalize: (_, kind) => equalize(kind),
};

interface ChangeCase {
  readonly change: string;
  readonly parameters: readonly number[];
  readonly valueRange: readonly [number, number];
  readonly image: FixtureArray;
  readonly output: FixtureArray;
}

interface Mixing {
  readonly images: FixtureArray;
  readonly labels: FixtureArray;
  readonly partners: readonly number[];
  readonly weights: readonly number[];
  readonly boxes: readonly (readonly [number, number, number, number])[];
  readonly mixUp: { readonly images: FixtureArray };
  readonly cutMix: { readonly images: FixtureArray };
}

const { cases, mixing } = readKerasFixture<{ cases: ChangeCase[]; mixing: Mixing }>("augmentations.json");

/**
 * Of the range of values. TensorFlow's coordinates are sums of float32, about 1e-6 of a pixel off, and neighbours in this noise lie up to the
 * whole range apart; all else differs by a rounding.
 */
const tolerance = 1e-5;

it.each(
  cases.map(
    (one) => [`${one.change}(${one.parameters}), ${one.image.shape}, to ${one.valueRange[1]}`, one] as const,
  ),
)("%s gives what Keras gives", (_, { change, parameters, valueRange, image, output }) => {
  const [height, width, channels] = image.shape;
  const target = new Float32Array(height * width * channels);
  changes[change](parameters, { height, width, channels, valueRange }).apply(float32Of(image), target);
  expect(firstDifference(target, float32Of(output), { absolute: tolerance * valueRange[1] })).toBeUndefined();
});

it("covers every change", () => {
  expect(new Set(cases.map(({ change }) => change))).toEqual(new Set(Object.keys(changes)));
});

it("mixes pixels as Keras's MixUp and CutMix", () => {
  const images = float32Of(mixing.images);
  const [, height, width, channels] = mixing.images.shape;
  const length = height * width * channels;
  const imageAt = (row: number) => images.subarray(row * length, (row + 1) * length);
  const kind = { height, width, channels, valueRange: [0, 1] as const };
  mixing.partners.forEach((partner, row) => {
    const [top, bottom, left, right] = mixing.boxes[row];
    const [up, cut] = [new Float32Array(length), new Float32Array(length)];
    blend(imageAt(row), imageAt(partner), mixing.weights[row], up);
    paste({ top, bottom, left, right }, kind, imageAt(row), imageAt(partner), cut);
    const expected = (from: FixtureArray) => float32Of(from).subarray(row * length, (row + 1) * length);
    expect(firstDifference(up, expected(mixing.mixUp.images), { absolute: 1e-6 })).toBeUndefined();
    expect(cut).toEqual(expected(mixing.cutMix.images));
  });
});
