import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadNativeBackend } from "../../src/backends/native/native.ts";
import type { WasmBackend } from "../../src/backends/wasm/wasm.ts";
import * as library from "../../src/browser.ts";
import { drawFacesInMemory } from "../../src/platform/node/draw.ts";
import { findChromium } from "./find-chromium.ts";
import { type PageServer, servePages } from "./page-server.ts";
import { type Trained, type Training, train } from "./train.ts";

const executablePath = findChromium();
if (!executablePath)
  console.warn("SKIPPED: the tests in Chromium, as there is none; FOVEA_CHROMIUM names one");

/** Weights of `wasm` in Chromium may lie so far from those of `native`, in units of the largest of their array. */
const weightBound = 1e-4;
/** Losses, relatively. */
const lossBound = 1e-4;
/**
 * The same at full size. Adam's first step goes by the sign of each gradient, for which a rounding decides where one is next to nothing, and
 * the steps after it amplify that: the instruction sets of `native` lie 5e-4 from each other after eight.
 */
const wholeLossBound = 2e-3;

const small: Training = { size: 64, steps: 5, optimizer: "SGD" };
const smallAdam: Training = { size: 64, steps: 5, optimizer: "Adam" };
/** The report's own size and batch. */
const whole: Training = { size: 256, steps: 8, optimizer: "Adam" };

interface InPage extends Trained {
  readonly backend: Pick<WasmBackend, "description" | "threads" | "shared" | "relaxed" | "notice">;
}

describe.skipIf(!executablePath)("the wasm backend in Chromium", () => {
  let server: PageServer;
  let browser: Browser;
  const faces: Record<number, Float32Array> = {};

  beforeAll(async () => {
    for (const [size, count] of [
      [64, 8],
      [256, 32],
    ])
      faces[size] = await pixelsOf(count, size);
    const files = Object.entries(faces).map(([size, { buffer }]) => [size, new Uint8Array(buffer)]);
    server = await servePages(Object.fromEntries(files));
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  /** Trains in a new page at this address. */
  async function trainAt(address: string, training: Training, options: object = {}): Promise<InPage> {
    const page = await browser.newPage();
    try {
      await page.goto(address);
      // as text: it is no code of this file's world
      return await page.evaluate(`(async () => {
        const library = await import("fovea/browser");
        const backend = await library.loadWasmBackend(${JSON.stringify(options)});
        const images = new Float32Array(await (await fetch("/files/${training.size}")).arrayBuffer());
        const trained = await (${train})(library, backend, images, ${JSON.stringify(training)});
        const { description, threads, shared, relaxed, notice } = backend;
        return { ...trained, backend: { description, threads, shared, relaxed, notice } };
      })()`);
    } finally {
      await page.close();
    }
  }

  const trainNatively = (training: Training) => train(library, native(), faces[training.size], training);

  it.each([
    small,
    smallAdam,
  ])("trains the report's network on drawn faces as native does: %o", async (training) => {
    const expected = await trainNatively(training);
    const found = await trainAt(server.isolated, training, { threads: 2 });
    expect(found.backend).toMatchObject({ threads: 2, shared: true, notice: undefined });
    expect(found.losses.at(-1)).toBeLessThan(found.losses[0]);
    expect(worstLoss(found, expected)).toBeLessThanOrEqual(lossBound);
    expect(worstWeights(found, expected)).toBeLessThanOrEqual(weightBound);
  });

  it("gives the same bits without shared memory, and says why it works on one thread", async () => {
    const expected = await trainAt(server.isolated, small, { threads: 3 });
    const found = await trainAt(server.plain, small);
    expect(found.backend).toMatchObject({ threads: 1, shared: false, relaxed: expected.backend.relaxed });
    expect(found.backend.notice).toMatch(
      /one thread, the caller's own \(the page is not cross-origin isolated\)$/,
    );
    expect(found.weights).toEqual(expected.weights);
  });

  it("trains at full size", async () => {
    const expected = await trainNatively(whole);
    const found = await trainAt(server.isolated, whole, { threads: 2 });
    expect(found.losses[0] / expected.losses[0]).toBeCloseTo(1, 5);
    expect(worstLoss(found, expected)).toBeLessThanOrEqual(wholeLossBound);
    const best = Math.min(...found.seconds).toFixed(3);
    console.log(`Chromium ${browser.version()}: ${found.backend.description}, ${best} s a step at best`);
  }, 120_000);
});

function native() {
  const backend = loadNativeBackend();
  if ("unavailable" in backend) throw new Error(backend.unavailable);
  return backend;
}

/** Happy and sad in turn, pixels from 0 to 1. */
async function pixelsOf(count: number, size: number): Promise<Float32Array> {
  const examples = await drawFacesInMemory({ count, size });
  const pixels = new Float32Array(count * size * size * 3);
  examples.forEach(({ image }, i) => {
    pixels.set(
      Float32Array.from(image.pixels, (value) => value / 255),
      i * size * size * 3,
    );
  });
  return pixels;
}

function worstLoss(found: Trained, expected: Trained): number {
  return Math.max(...expected.losses.map((loss, i) => Math.abs(found.losses[i] - loss) / loss));
}

function worstWeights(found: Trained, expected: Trained): number {
  const errors = expected.weights.map((values, i) => {
    let largest = 0;
    let error = 0;
    values.forEach((value, j) => {
      largest = Math.max(largest, Math.abs(value));
      error = Math.max(error, Math.abs(found.weights[i][j] - value));
    });
    return largest === 0 ? error : error / largest;
  });
  return Math.max(...errors);
}
