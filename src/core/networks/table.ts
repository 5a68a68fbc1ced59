import { InputError, suggest } from "../../util/errors.ts";
import type { ModelDescription } from "../description.ts";
import { mobileNetV1 } from "./mobilenet.ts";
import { reportNetwork } from "./report.ts";

type Network = (inputShape: readonly [number, number, number], outputs: number) => ModelDescription;

/** Architectures by the name that `--model` takes. */
const networks: Readonly<Record<string, Network>> = {
  report: reportNetwork,
  "mobilenet-v1-0.25": mobileNetV1(0.25),
  "mobilenet-v1-0.5": mobileNetV1(0.5),
  "mobilenet-v1-0.75": mobileNetV1(0.75),
  "mobilenet-v1-1": mobileNetV1(1),
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
  const network = Object.hasOwn(networks, name) ? networks[name] : undefined;
  if (!network)
    throw new InputError("model.unknown", `Unknown model "${name}". ${suggest(name, networkNames)}`);
  return network(inputShape, classes === 2 ? 1 : classes);
}
