import type { AugmentBatch } from "../data/augment/augment-batch.ts";
import { type Fetched, Gatherer } from "./gather.ts";
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

/** Batches whose images are fetched while another is at work. */
const AHEAD = 1;

/** A batch on its way. */
interface Gathering {
  /** What is done ahead. */
  readonly ready: Promise<unknown>;
  /** What is not; to be called once. */
  readonly lay: () => Promise<Batch>;
}

/**
 * Gives the batches that a list asks for, in its order. While one is at work `gatherNext` has the next one fetched, whatever it
 * is for: the first of an epoch is ready when the last of the validation before it is done. Where all cores can lay a batch into its
 * room, that is done when it is taken, and all batches have one room: meanwhile it would take as much from the work. Otherwise, and
 * where batches are varied, it is done ahead too, in two rooms that take turns. Whoever opens a feed closes it.
 */
export class Feed {
  private readonly requests: Iterator<BatchRequest>;
  private readonly options: FeedOptions;
  private readonly rooms: Float32Array[] = [];
  private readonly gatherers = new Map<LabelledImages, Gatherer>();
  private readonly gathering: Gathering[] = [];
  private laysAhead: boolean | undefined;
  private begun = 0;
  private waitedMs = 0;

  constructor(requests: Iterable<BatchRequest>, options: FeedOptions) {
    this.requests = requests[Symbol.iterator]();
    this.options = options;
  }

  /** Seconds that `next` has waited for what was not ready, since this was last asked. */
  takeWaited(): number {
    const seconds = this.waitedMs / 1000;
    this.waitedMs = 0;
    return seconds;
  }

  /** The next batch, which is good until the next one is asked for. */
  async next(): Promise<Batch> {
    const { clock = () => 0 } = this.options;
    const began = clock();
    if (this.gathering.length === 0) this.begin();
    const gathering = this.gathering.shift();
    if (gathering === undefined) throw new Error("Expected no more batches to be taken than were asked for");
    await gathering.ready;
    this.waitedMs += clock() - began;
    return gathering.lay();
  }

  /** To be called when the batch that was taken is at work: what is done here takes no time from its beginning. */
  gatherNext(): void {
    while (this.gathering.length < AHEAD && this.begin());
  }

  /** Waits for what is being gathered, and forgets it. */
  async close(): Promise<void> {
    await Promise.allSettled(this.gathering.map(({ ready }) => ready));
    this.rooms.length = 0; // whoever waits for a caller of ours must not hold them
  }

  private begin(): boolean {
    const { done, value } = this.requests.next();
    if (done) return false;
    this.gathering.push(this.gather(value));
    return true;
  }

  private gather(request: BatchRequest): Gathering {
    const { images, indices, position } = request;
    const gatherer = this.gatherers.get(images) ?? new Gatherer(images);
    this.gatherers.set(images, gatherer);
    this.laysAhead ??= this.options.augment !== undefined || !gatherer.laysAtOnce;
    const fetched = position ? gatherer.withStandIns(indices) : gatherer.withoutMissing(indices);
    const lay = () => this.lay(gatherer, request, fetched);
    const laid = this.laysAhead ? lay() : undefined;
    const ready = laid ?? fetched;
    ready.catch(() => {}); // whoever takes it is told, and whoever closes the feed need not know
    return { ready, lay: () => laid ?? lay() };
  }

  private async lay(
    gatherer: Gatherer,
    { images, indices, position }: BatchRequest,
    fetched: Promise<readonly Fetched[]>,
  ): Promise<Batch> {
    const room = this.nextRoom(images);
    const batch = await gatherer.layInto(room, await fetched, !this.laysAhead);
    if (position) await this.options.augment?.(batch, { ...position, indices });
    return batch;
  }

  private nextRoom(images: LabelledImages): Float32Array {
    const place = this.begun++ % (this.laysAhead ? AHEAD + 1 : 1);
    this.rooms[place] ??= new Float32Array(this.options.batchSize * images.items[0].image.length);
    return this.rooms[place];
  }
}
