import type { KeptImage } from "../data/prepare.ts";
import { InputError } from "../util/errors.ts";
import { createPauses } from "../util/pauses.ts";
import { type Batch, encodeLabels, type LabelledImages } from "./labelled-images.ts";

/** Photos in a row that may be missing before it is taken that something else is wrong, such as a disk that was unplugged. */
const MISSING_IN_A_ROW = 100;

/** An image of a batch that is at hand. */
export interface Fetched {
  readonly index: number;
  readonly image: KeptImage;
}

/**
 * Images that are taken into batches again and again: fetched first, then laid into a room. One that turns out not to be there, or not
 * to be what it was, is told of once and not asked for any more.
 */
export class Gatherer {
  private readonly images: LabelledImages;
  private readonly missing = new Map<number, InputError>();

  constructor(images: LabelledImages) {
    this.images = images;
  }

  /** Whether all cores lay a batch into its room together. */
  get laysAtOnce(): boolean {
    return this.images.items[0]?.image.copyAll !== undefined;
  }

  /**
   * The images with these indices. In the place of one that is missing stands the next that is there, in the order of the images,
   * where most likely its class goes on: a batch keeps its size, and is the same each time.
   *
   * @throws InputError `data.no-images` where a hundred in a row are missing
   */
  withStandIns(indices: readonly number[]): Promise<readonly Fetched[]> {
    return Promise.all(indices.map((index) => this.fetchNext(index)));
  }

  /** The same, without those that are missing. */
  async withoutMissing(indices: readonly number[]): Promise<readonly Fetched[]> {
    const fetched = await Promise.all(indices.map((index) => this.fetch(index)));
    return fetched.filter((each) => each !== undefined);
  }

  /**
   * Lays them end to end into a room, which has space for them: on this thread, or on all cores, which have to be free then: that waits
   * for the step that is under way.
   */
  async layInto(room: Float32Array, fetched: readonly Fetched[], onAllCores: boolean): Promise<Batch> {
    const indices = fetched.map(({ index }) => index);
    const classes = indices.map((index) => this.images.items[index].classIndex);
    const labels = encodeLabels(classes, this.images.outputs);
    const kept = fetched.map(({ image }) => image);
    const images = room.subarray(0, kept.length * this.images.items[0].image.length);
    const copyAll = onAllCores ? this.images.items[0].image.copyAll : undefined;
    await (copyAll ?? copyInTurn)(kept, images);
    return { images, labels, classes, indices };
  }

  private async fetchNext(index: number): Promise<Fetched> {
    const { length } = this.images.items;
    const tries = Math.min(length, MISSING_IN_A_ROW);
    for (let step = 0; step < tries; step++) {
      const fetched = await this.fetch((index + step) % length);
      if (fetched) return fetched;
    }
    const reason = this.missing.get(index)?.message;
    throw new InputError(
      "data.no-images",
      `Expected photos that can be read, found none among ${tries} in a row; of the first: ${reason}`,
    );
  }

  private async fetch(index: number): Promise<Fetched | undefined> {
    if (this.missing.has(index)) return undefined;
    try {
      return { index, image: await this.images.items[index].image.fetch() };
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      if (!this.missing.has(index)) this.images.onMissing?.(index, error);
      this.missing.set(index, error);
      return undefined;
    }
  }
}

/** On this thread: a batch takes 15 ms or more. */
async function copyInTurn(images: readonly KeptImage[], target: Float32Array): Promise<void> {
  const pause = createPauses();
  for (const [row, image] of images.entries()) {
    image.copyTo(target.subarray(row * image.length, (row + 1) * image.length));
    await pause();
  }
}
