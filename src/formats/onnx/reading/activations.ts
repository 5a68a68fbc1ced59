import { activations } from "../../../core/activations.ts";
import type { Call, Fragment } from "./call.ts";
import { floats, vector } from "./convolutions.ts";
import { asRow } from "./dense.ts";
import { type Feature, type Form, reshaped } from "./feature.ts";
import { asChannelsFirst, asImage } from "./images.ts";
import { NoEqual } from "./no-equal.ts";

const positive = ["relu", "relu6", "sigmoid", "hard_sigmoid", "softmax", "exponential", "softplus"];

/** By the name that Keras gives it, in the layer before where that leaves it open. */
export function activate(call: Call, x: Feature, activation: string): Feature {
  if (!Object.hasOwn(activations, activation)) throw new NoEqual(`there is no activation ${activation}`);
  const nonNegative = positive.includes(activation);
  const draft = call.network.open(x, "Conv2D", "DepthwiseConv2D", "Dense");
  const isLast = activation !== "softmax" || x.layerShape.length === 1;
  if (draft && draft.config.activation === undefined && isLast) {
    draft.config = { ...draft.config, activation };
    return { ...x, nonNegative, form: undefined };
  }
  return { ...call.alike("Activation", x, { activation }), nonNegative };
}

export const activation =
  (name: string) =>
  (call: Call): Feature =>
    activate(call, call.rows(0), name);

/** The same, of which x times it may be made. */
export const gate =
  (name: "sigmoid" | "hard_sigmoid" | "softplus") =>
  (call: Call): Feature => {
    const x = call.rows(0);
    return { ...activate(call, x, name), form: { of: x, what: name } };
  };

export function hardSigmoid(call: Call): Feature {
  const [alpha, beta] = [call.float("alpha", 0.2), call.float("beta", 0.5)];
  if (Math.abs(alpha - 1 / 6) > 1e-6 || beta !== 0.5) throw new NoEqual(`alpha ${alpha} and beta ${beta}`);
  return gate("hard_sigmoid")(call);
}

export function tanh(call: Call): Feature {
  const x = call.rows(0);
  const made = activate(call, x, "tanh");
  const form: Form | undefined =
    x.form?.what === "softplus" ? { of: x.form.of, what: "tanh of softplus" } : undefined;
  return { ...made, form };
}

export function elu(call: Call): Feature {
  const alpha = call.float("alpha", 1);
  return alpha === 1 ? activation("elu")(call) : call.alike("ELU", call.rows(0), { alpha });
}

export function leakyRelu(call: Call): Feature {
  return call.alike("LeakyReLU", call.rows(0), { negativeSlope: call.float("alpha", 0.01) });
}

export function gelu(call: Call): Feature {
  const approximate = call.text("approximate", "none");
  if (approximate !== "none") throw new NoEqual(`approximate ${approximate}`);
  return activation("gelu")(call);
}

const GREATEST = 3.4e38;

export function clip(call: Call): Feature {
  const x = call.rows(0);
  const given = call.number(1, "min", -GREATEST);
  const least = x.nonNegative && given < 0 ? 0 : given;
  const most = call.number(2, "max", GREATEST);
  if (!(least <= most)) throw new NoEqual(`from ${least} to ${most}`);
  if (least === 0) return limited(call, x, most);
  const shifted = (from: Feature, scale: number, offset: number) =>
    call.alike("Rescaling", from, { scale, offset });
  if (least <= -GREATEST)
    return most >= GREATEST ? x : shifted(limited(call, shifted(x, -1, most), GREATEST), -1, most);
  const above = limited(call, shifted(x, 1, -least), most >= GREATEST ? GREATEST : most - least);
  return shifted(above, 1, least);
}

/** From 0 to a number. */
function limited(call: Call, x: Feature, most: number): Feature {
  if (most >= GREATEST) return activate(call, x, "relu");
  if (most === 6) return activate(call, x, "relu6");
  return { ...call.alike("ReLU", x, { maxValue: most }), nonNegative: true };
}

export function thresholdedRelu(call: Call): Feature {
  const threshold = call.float("alpha", 1);
  const x = call.rows(0);
  if (threshold === 0) return activate(call, x, "relu");
  return { ...call.alike("ReLU", x, { threshold }), nonNegative: true };
}

/** A slope for all, or one for each channel. */
export function pRelu(call: Call): Feature {
  const slopes = floats(call.constant(1));
  const [first] = slopes.values;
  if (slopes.values.length > 0 && slopes.values.every((slope) => slope === first))
    return call.alike("LeakyReLU", call.rows(0), { negativeSlope: first });
  const image = asImage(call.network, call.feature(0));
  const channels = image.layerShape[2];
  const { values } = vector(call.constant(1), channels);
  const alpha = { shape: [1, 1, channels], values };
  const name = call.name("PReLU", 1);
  const config = { sharedAxes: [1, 2] };
  return asChannelsFirst(
    call.network.add({ className: "PReLU", name, inputs: [image], config, weights: { alpha } }),
  );
}

/** Half of the square root of 2 on either side of what is rounded. */
const near = (value: number | undefined, expected: number) =>
  value !== undefined && Math.abs(value - expected) < 1e-5;

/** x / √2 is what GELU has in its erf. */
export function erf(call: Call): Fragment {
  const { form } = call.rows(0);
  if (form?.what === "scaled" && near(form.by, Math.SQRT1_2))
    return { kind: "fragment", of: form.of, what: "erf" };
  throw new NoEqual("erf that is no part of GELU");
}

export const isHalf = (value: number | undefined) => near(value, 0.5);

/** Over the axis that the layer has last. */
export function softmax(call: Call): Feature {
  const x = call.feature(0);
  const rank = x.shape.length;
  const old = call.opset < 13; // then all axes from this one on are one
  const given = call.int("axis", old ? 1 : -1);
  const axis = (given < 0 ? given + rank + 1 : given) - 1;
  if (axis < 0 || axis >= rank) throw new NoEqual(`axis ${given}`);
  const others = x.shape.filter((side, each) => each !== axis && side > 1);
  if (others.length === 0) {
    const row = asRow(call, reshaped(x, [x.shape[axis]]));
    return { ...activate(call, row, "softmax"), shape: x.shape };
  }
  if (old && axis !== rank - 1) throw new NoEqual(`axis ${given} of ${rank + 1}`);
  const order = [...x.shape.keys()].filter((each) => each !== axis);
  return activate(call, call.network.arrange(x, [...order, axis]), "softmax");
}
