import { InputError } from "../util/errors.ts";
import { createPauses } from "../util/pauses.ts";
import { type Batch, encodeLabels, type LabelledImages } from "./labelled-images.ts";

/** Photos in a row that may be missing before it is taken that something else is wrong, such as a disk that was unplugged. */
const MISSING_IN_A_ROW = 100;

/**
 * Images that are taken into batches again and again. One that turns out not to be there, or not to be what it was, is told of
 * once and not asked for any more.
 */
export class Gatherer {
  private readonly images: LabelledImages;
  private readonly missing = new Map<number, InputError>();

  constructor(images: LabelledImages) {
    this.images = images;
  }

  /**
   * The images with these indices, in `room`, which has space for them. In the place of one that is missing stands the next that is
   * there, in the order of the images, where most likely its class goes on: a batch keeps its size, and is the same each time.
   *
   * @throws InputError `data.no-images` where a hundred in a row are missing
   */
  async withStandIns(indices: readonly number[], room: Float32Array): Promise<Batch> {
    const rows = this.rowsOf(room);
    return this.batchOf(
      await withPausesBetween(indices, (index, row) => this.copyNext(index, rows(row))),
      room,
    );
  }

  /** The same, without those that are missing. */
  async withoutMissing(indices: readonly number[], room: Float32Array): Promise<Batch> {
    const rows = this.rowsOf(room);
    const there = await withPausesBetween(indices, (index, row) => this.copy(index, rows(row)));
    const found = [...there.keys()].filter((row) => there[row]);
    for (const [to, from] of found.entries()) if (to !== from) rows(to).set(rows(from));
    return this.batchOf(
      found.map((row) => indices[row]),
      room,
    );
  }

  private get imageLength(): number {
    return this.images.items[0].image.length;
  }

  private rowsOf(room: Float32Array): (row: number) => Float32Array {
    const length = this.imageLength;
    return (row) => room.subarray(row * length, (row + 1) * length);
  }

  private batchOf(indices: readonly number[], room: Float32Array): Batch {
    const classes = indices.map((index) => this.images.items[index].classIndex);
    const labels = encodeLabels(classes, this.images.outputs);
    return { images: room.subarray(0, indices.length * this.imageLength), labels, classes, indices };
  }

  private async copyNext(index: number, target: Float32Array): Promise<number> {
    const { length } = this.images.items;
    const tries = Math.min(length, MISSING_IN_A_ROW);
    for (let step = 0; step < tries; step++) {
      const at = (index + step) % length;
      if (await this.copy(at, target)) return at;
    }
    const reason = this.missing.get(index)?.message;
    throw new InputError(
      "data.no-images",
      `Expected photos that can be read, found none among ${tries} in a row; of the first: ${reason}`,
    );
  }

  private async copy(index: number, target: Float32Array): Promise<boolean> {
    if (this.missing.has(index)) return false;
    try {
      await this.images.items[index].image.copyTo(target);
      return true;
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      if (!this.missing.has(index)) this.images.onMissing?.(index, error);
      this.missing.set(index, error);
      return false;
    }
  }
}

/** Begins all, and waits for them together. Those that are there already are copied at once, a batch of them in 15 ms or more. */
async function withPausesBetween<T>(
  indices: readonly number[],
  copy: (index: number, row: number) => Promise<T>,
): Promise<T[]> {
  const pause = createPauses();
  const copies: Promise<T>[] = [];
  for (const [row, index] of indices.entries()) {
    const copied = copy(index, row);
    copied.catch(() => {}); // it is waited for when all have begun
    copies.push(copied);
    await pause();
  }
  return Promise.all(copies);
}
