import { buildModel } from "../core/model.ts";
import { describeNetwork, networkNames, publishedFor } from "../core/networks/table.ts";
import type { LooseWeights, SavedModel } from "../formats/saved-model.ts";
import { InputError, suggest } from "../util/errors.ts";
import { loadClassifier } from "./classifier.ts";
import type { Machine } from "./machine.ts";
import { putWeights } from "./put-weights.ts";
import { ruleOptions } from "./rule-for.ts";

/** What a named network leaves open. */
export interface NetworkChoices {
  readonly imageSize?: number | undefined;
  readonly classes?: readonly string[] | undefined;
}

/**
 * Weights alone in the network of a run, of a model file, or of a name. What else a model says comes from there too.
 * @throws InputError `model.bad-weights`, `model.unknown`, `option.missing` and those of `loadClassifier`
 */
export async function intoNetwork(
  machine: Machine,
  loose: LooseWeights,
  network: string,
  choices: NetworkChoices,
): Promise<{ readonly saved: SavedModel; readonly notices: readonly string[] }> {
  const from = await networkOf(machine, loose, network, choices);
  const { weights, notices } = putWeights(buildModel(from.description), loose);
  const { optimizer: _, extra: __, ...kept } = from; // of other weights
  return { saved: { ...kept, weights }, notices };
}

async function networkOf(
  machine: Machine,
  loose: LooseWeights,
  network: string,
  choices: NetworkChoices,
): Promise<SavedModel> {
  if (networkNames.includes(network)) return named(loose, network, choices);
  if ((await machine.kindOf(network)) !== undefined) return (await loadClassifier(machine, network)).saved;
  throw new InputError(
    "model.unknown",
    `Expected a run, a model file or the name of a network, found "${network}". ${suggest(network, networkNames)}`,
  );
}

/** As many outputs as there are classes, or as the last array of the file says; photos as the published weights take them. */
function named(
  { weights }: LooseWeights,
  network: string,
  { imageSize, classes }: NetworkChoices,
): SavedModel {
  const published = publishedFor(network);
  const side = imageSize ?? published?.imageSize ?? ruleOptions.imageSize.parse(undefined);
  const count = classes?.length ?? Math.max(weights.at(-1)?.shape.at(-1) ?? 0, 2);
  const description = describeNetwork(network, [side, side, 3], count);
  if (published === undefined) return { description, weights: [] };
  const [least, most] = published.range;
  const preprocessing = {
    height: side,
    width: side,
    colorMode: "rgb",
    scale: (most - least) / 255,
    offset: least,
  };
  return {
    description,
    weights: [],
    preprocessing,
    notices: [
      `Published weights of ${network} take photos of ${published.imageSize}x${published.imageSize} and bytes as ${least}..${most}: so does this, unless --image-size or --range say otherwise`,
    ],
  };
}
