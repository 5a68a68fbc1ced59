import { InputError } from "../../../util/errors.ts";
import type { Photos } from "./call.ts";
import type { FilePort } from "./decode.ts";
import { type Feature, featureOf, transposed } from "./feature.ts";
import type { Network } from "./network.ts";

/** From a photo's bytes to the model, as far as the graph does it itself. */
export interface PhotoRule {
  readonly scale: number;
  readonly offset: number;
  /** How a photo of another size becomes one of the model's; missing where the graph takes one size. */
  readonly resized?: { readonly antialias: boolean };
}

/** TensorProto.UINT8 */
const UINT8 = 2;

/** Grey, colour, and either with alpha. */
const MOST_CHANNELS = 4;
/** As the model's own shape; larger ones are mistakes. */
const LARGEST_SIDE = 65_536;

/** The images that a graph takes, of which the file may leave the size open. */
export class GraphInput {
  /** Missing where the graph takes numbers that somebody else has prepared. */
  rule: PhotoRule | undefined;
  /** Height, width, channels; settled when the graph has been gone through. */
  shape: readonly [number, number, number] | undefined;
  private readonly port: FilePort;
  private readonly channelsFirst: boolean;
  private readonly imageSize: number | undefined;

  constructor(port: FilePort, imageSize: number | undefined) {
    const [batch, first, , last] = port.shape;
    const counts = [first, last].map((side) => side !== undefined && side <= MOST_CHANNELS);
    const known = port.shape.every((side) => side === undefined || side <= LARGEST_SIDE);
    if (port.shape.length !== 4 || (batch ?? 1) !== 1 || !known || !(counts[0] || counts[1])) {
      const found = port.shape.map((side) => side ?? "any").join(" x ") || "no shape";
      const message = `Expected an input "${port.name}" of images, batch (open or 1) x 3 (or 1) channels x height x width, or with the channels last, found ${found}`;
      throw new InputError("model.unsupported", message);
    }
    this.port = port;
    this.channelsFirst = counts[0];
    this.imageSize = imageSize;
  }

  /** What stands for the input until a node needs to know its size. */
  get value(): Photos {
    return { kind: "photos", channelsFirst: this.channelsFirst };
  }

  /** The photos as the graph first computes with them. */
  settle(network: Network, { channelsFirst }: Photos): Feature {
    const [height, width] = this.sides();
    if (this.port.type === UINT8) this.rule ??= { scale: 1, offset: 0 };
    return this.begin(network, height, width, channelsFirst);
  }

  /** The photos made as large as the model wants them. */
  resize(
    network: Network,
    { channelsFirst }: Photos,
    sides: readonly [number, number],
    antialias: boolean,
  ): Feature {
    if (this.shape !== undefined) return this.settle(network, { kind: "photos", channelsFirst });
    this.rule = { scale: 1, offset: 0, resized: { antialias } };
    return this.begin(network, sides[0], sides[1], channelsFirst);
  }

  private begin(network: Network, height: number, width: number, channelsFirst: boolean): Feature {
    const begun = this.shape !== undefined;
    this.shape ??= [height, width, this.channels];
    const feature = { ...featureOf(network.inputName, this.shape), nonNegative: false, exclusive: !begun };
    return channelsFirst ? transposed(feature, [2, 0, 1])! : feature;
  }

  private get channels(): number {
    return this.port.shape[this.channelsFirst ? 1 : 3]!;
  }

  private sides(): [number, number] {
    const open = this.channelsFirst ? this.port.shape.slice(2) : this.port.shape.slice(1, 3);
    const [height, width] = open.map((side) => side ?? this.imageSize);
    if (height !== undefined && width !== undefined) return [height, width];
    const message = `Expected the size of the images that "${this.port.name}" takes, which the file leaves open: fovea import with --image-size says it`;
    throw new InputError("model.open-size", message);
  }
}
