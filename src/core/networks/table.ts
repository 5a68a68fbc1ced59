import { InputError, suggest } from "../../util/errors.ts";
import type { ModelDescription } from "../description.ts";
import { mobileNetV1 } from "./mobilenet.ts";
import { reportNetwork } from "./report.ts";

type Describe = (inputShape: readonly [number, number, number], outputs: number) => ModelDescription;

interface Network {
  readonly describe: Describe;
  /** What weights that are published for it were trained with: the side of the images, and the ends of the range of a byte. */
  readonly published?: { readonly imageSize: number; readonly range: readonly [number, number] };
}

const mobileNet = (alpha: number): Network => ({
  describe: mobileNetV1(alpha),
  published: { imageSize: 224, range: [-1, 1] },
});

/** Architectures by the name that `--model` takes. */
const networks: Readonly<Record<string, Network>> = {
  report: { describe: reportNetwork },
  "mobilenet-v1-0.25": mobileNet(0.25),
  "mobilenet-v1-0.5": mobileNet(0.5),
  "mobilenet-v1-0.75": mobileNet(0.75),
  "mobilenet-v1-1": mobileNet(1),
};

export const networkNames = Object.keys(networks);

/**
 * The description of a named architecture for images of this shape.
 * @throws InputError `model.unknown`
 */
export function describeNetwork(
  name: string,
  inputShape: readonly [number, number, number],
  classes: number,
): ModelDescription {
  return networkOf(name).describe(inputShape, classes === 2 ? 1 : classes);
}

/**
 * What its published weights were trained with, where such weights are known.
 * @throws InputError `model.unknown`
 */
export function publishedFor(name: string): Network["published"] {
  return networkOf(name).published;
}

function networkOf(name: string): Network {
  if (Object.hasOwn(networks, name)) return networks[name];
  throw new InputError("model.unknown", `Unknown model "${name}". ${suggest(name, networkNames)}`);
}
