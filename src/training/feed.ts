import type { AugmentBatch } from "../data/augment/augment-batch.ts";
import { Gatherer } from "./gather.ts";
import type { Batch, LabelledImages } from "./labelled-images.ts";

/** A batch that will be wanted. */
export interface BatchRequest {
  readonly images: LabelledImages;
  readonly indices: readonly number[];
  /**
   * Where it stands in training. What is only judged has no place there: it is not varied, and nothing stands in for what is
   * missing.
   */
  readonly position?: { readonly epoch: number; readonly batch: number };
}

export interface FeedOptions {
  /** Images in a batch at most. */
  readonly batchSize: number;
  readonly augment?: AugmentBatch | undefined;
  /** Milliseconds from any fixed moment. */
  readonly clock?: (() => number) | undefined;
}

/** Batches that are gathered while another is at work: each has a room of its own, which the one after the next takes over. */
const AHEAD = 1;

/**
 * Gives the batches that a list asks for, in its order. While one is at work `gatherNext` has the next one gathered, whatever it
 * is for: the first of an epoch is ready when the last of the validation before it is done. Whoever opens a feed closes it.
 */
export class Feed {
  private readonly requests: Iterator<BatchRequest>;
  private readonly options: FeedOptions;
  private readonly rooms: Float32Array[] = [];
  private readonly gatherers = new Map<LabelledImages, Gatherer>();
  private readonly gathering: Promise<Batch>[] = [];
  private begun = 0;
  private waitedMs = 0;

  constructor(requests: Iterable<BatchRequest>, options: FeedOptions) {
    this.requests = requests[Symbol.iterator]();
    this.options = options;
  }

  /** Seconds that `next` has waited, since this was last asked. */
  takeWaited(): number {
    const seconds = this.waitedMs / 1000;
    this.waitedMs = 0;
    return seconds;
  }

  /** The next batch, which is good until the one after it is asked for. */
  async next(): Promise<Batch> {
    const { clock = () => 0 } = this.options;
    const began = clock();
    if (this.gathering.length === 0) this.begin();
    const batch = await this.gathering.shift();
    if (batch === undefined) throw new Error("Expected no more batches to be taken than were asked for");
    this.waitedMs += clock() - began;
    return batch;
  }

  /** To be called when the batch that was taken is at work: what copies here takes no time from its beginning. */
  gatherNext(): void {
    while (this.gathering.length < AHEAD && this.begin());
  }

  /** Waits for what is being gathered, and forgets it. */
  async close(): Promise<void> {
    await Promise.allSettled(this.gathering);
    this.rooms.length = 0; // whoever waits for a caller of ours must not hold them
  }

  private begin(): boolean {
    const { done, value } = this.requests.next();
    if (done) return false;
    const batch = this.gather(value, this.begun++ % (AHEAD + 1));
    batch.catch(() => {}); // whoever takes it is told, and whoever closes the feed need not know
    this.gathering.push(batch);
    return true;
  }

  private async gather({ images, indices, position }: BatchRequest, place: number): Promise<Batch> {
    const { batchSize, augment } = this.options;
    this.rooms[place] ??= new Float32Array(batchSize * images.items[indices[0]].image.length);
    const gatherer = this.gatherers.get(images) ?? new Gatherer(images);
    this.gatherers.set(images, gatherer);
    if (position === undefined) return gatherer.withoutMissing(indices, this.rooms[place]);
    const batch = await gatherer.withStandIns(indices, this.rooms[place]);
    await augment?.(batch, { ...position, indices });
    return batch;
  }
}
