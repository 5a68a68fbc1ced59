import { describe, expect, it } from "vitest";
import { type KeptImage, keepFloats } from "../../src/data/prepare.ts";
import { type BatchRequest, Feed } from "../../src/training/feed.ts";

/** Images of one number, their index, that come when they are let; `copyAll`, if given, lays several at once. */
function slowImages(count: number, copyAll?: KeptImage["copyAll"]) {
  const asked: number[] = [];
  const waiting: (() => void)[] = [];
  let open = false;
  const items = Array.from({ length: count }, (_, index) => ({
    classIndex: 0,
    image: {
      length: 1,
      fetch: async () => {
        asked.push(index);
        if (!open) await new Promise<void>((resolve) => waiting.push(resolve));
        return keepFloats(Float32Array.of(index));
      },
      copyAll,
    },
  }));
  const letAll = () => {
    open = true;
    for (const go of waiting) go();
  };
  return { images: { items, outputs: 1 }, asked, letAll };
}

const requestsOf = (images: BatchRequest["images"], size: number): BatchRequest[] =>
  Array.from({ length: Math.ceil(images.items.length / size) }, (_, batch) => ({
    images,
    indices: [...images.items.keys()].slice(batch * size, (batch + 1) * size),
  }));

describe("a feed", () => {
  it("gathers one batch beside the one that is at work, in its own room, and no more", async () => {
    const { images, asked, letAll } = slowImages(7);
    letAll();
    const feed = new Feed(requestsOf(images, 2), { batchSize: 2 });
    const first = await feed.next();
    expect(asked).toEqual([0, 1]);
    feed.gatherNext();
    feed.gatherNext();
    await new Promise(setImmediate);
    expect(asked).toEqual([0, 1, 2, 3]);
    expect(first.images).toEqual(Float32Array.of(0, 1));
    const second = await feed.next();
    feed.gatherNext();
    expect(second.images).toEqual(Float32Array.of(2, 3));
    expect((await feed.next()).images.buffer).toBe(first.images.buffer);
    expect((await feed.next()).images).toEqual(Float32Array.of(6));
    await expect(feed.next()).rejects.toThrow("no more batches");
  });

  it("lays a batch when it is taken, all in one room, where many images are laid at once", async () => {
    const laid: number[][] = [];
    const copyAll = async (images: readonly KeptImage[], target: Float32Array) => {
      for (const [row, image] of images.entries()) image.copyTo(target.subarray(row));
      laid.push([...target]);
    };
    const { images, asked, letAll } = slowImages(5, copyAll);
    letAll();
    const feed = new Feed(requestsOf(images, 2), { batchSize: 2 });
    const first = await feed.next();
    feed.gatherNext();
    await new Promise(setImmediate);
    expect([asked, laid]).toEqual([[0, 1, 2, 3], [[0, 1]]]);
    const second = await feed.next();
    expect(second.images).toEqual(Float32Array.of(2, 3));
    expect(second.images.buffer).toBe(first.images.buffer);
    expect((await feed.next()).images).toEqual(Float32Array.of(4));
  });

  it("varies batches ahead also where many images are laid at once", async () => {
    const copyAll = () => Promise.reject(new Error("the cores are at work")); // it would wait for them
    const { images, letAll } = slowImages(4, copyAll);
    letAll();
    const augment = async (batch: { images: Float32Array }) => void batch.images.fill(-1);
    const requests = requestsOf(images, 2).map((each, batch) => ({ ...each, position: { epoch: 0, batch } }));
    const feed = new Feed(requests, { batchSize: 2, augment });
    const first = await feed.next();
    feed.gatherNext();
    const second = await feed.next();
    expect(second.images.buffer).not.toBe(first.images.buffer);
    expect(second.images).toEqual(Float32Array.of(-1, -1));
  });

  it("counts how long it was waited for, and nothing else", async () => {
    const { images, letAll } = slowImages(4);
    let now = 0;
    const feed = new Feed(requestsOf(images, 2), { batchSize: 2, clock: () => now });
    const first = feed.next();
    now += 3000;
    letAll();
    await first;
    now += 50_000; // at work
    feed.gatherNext();
    await new Promise(setImmediate);
    await feed.next();
    expect([feed.takeWaited(), feed.takeWaited()]).toEqual([3, 0]);
  });

  it("varies what is learned from, and leaves what is judged alone", async () => {
    const { images, letAll } = slowImages(4);
    letAll();
    const [learned, judged] = requestsOf(images, 2);
    const positions: unknown[] = [];
    const augment = async (batch: { images: Float32Array }, position: unknown) => {
      positions.push(position);
      batch.images.fill(-1);
    };
    const requests = [{ ...learned!, position: { epoch: 4, batch: 2 } }, judged!];
    const feed = new Feed(requests, { batchSize: 2, augment });
    expect((await feed.next()).images).toEqual(Float32Array.of(-1, -1));
    expect((await feed.next()).images).toEqual(Float32Array.of(2, 3));
    expect(positions).toEqual([{ epoch: 4, batch: 2, indices: [0, 1] }]);
  });

  it("tells whoever takes a batch why it failed, and nobody else", async () => {
    const failing = { length: 1, fetch: () => Promise.reject(new Error("gone")) };
    const images = { items: [{ image: failing, classIndex: 0 }], outputs: 1 };
    const feed = new Feed(requestsOf(images, 1), { batchSize: 1 });
    feed.gatherNext();
    await new Promise(setImmediate);
    await expect(feed.next()).rejects.toThrow("gone");
    const closed = new Feed(requestsOf(images, 1), { batchSize: 1 });
    closed.gatherNext();
    await closed.close();
  });

  it("waits for what is being gathered when it is closed", async () => {
    const { images, letAll } = slowImages(4);
    const feed = new Feed(requestsOf(images, 2), { batchSize: 2 });
    feed.gatherNext();
    let closed = false;
    const closing = feed.close().then(() => {
      closed = true;
    });
    await new Promise(setImmediate);
    expect(closed).toBe(false);
    letAll();
    await closing;
  });
});
