import { beforeAll, describe, expect, it } from "vitest";
import { renderSvg, renderSvgToPng } from "../../src/platform/node/render.ts";
import { plotHistory } from "../../src/report/plot-history.ts";
import type { TextFont } from "../../src/report/text.ts";
import { countColor, countDark, loadShippedFont, trainingColor, validationColor } from "./support.ts";

let font: TextFont;
beforeAll(async () => {
  font = await loadShippedFont();
});

const plotArea = { left: 84, top: 101, right: 924, bottom: 472 };
const curve = (epochs: number, value: (epoch: number) => number) =>
  Array.from({ length: epochs }, (_, index) => value(index + 1));
const history = (epochs: number) => ({
  loss: curve(epochs, (epoch) => 0.7 / epoch),
  val_loss: curve(epochs, (epoch) => 0.6 + 0.01 * Math.abs(epoch - 3)),
});

describe("the SVG", () => {
  it("holds no text to be set, and describes itself", async () => {
    const svg = await plotHistory(history(5), "loss", font);
    expect(svg).not.toMatch(/<text|font-family|<style|ecmeta/);
    expect(svg).toMatch(/^<svg xmlns="[^"]*" width="960" height="540" viewBox="0 0 960 540" role="img"/);
    expect(svg).toContain('<title id="loss-plot-title">Loss by epoch</title>');
    expect(svg).toContain("Training loss goes from 0.7000 in epoch 1 to 0.1400 in epoch 5.");
    expect(svg).toContain("Best epoch 3: training 0.2333, validation 0.6000.");
  });

  it.each([
    "Loss",
    "Epoch",
    "Training",
    "Validation",
    "best epoch: 3",
  ])("draws the words %j", async (words) => {
    const svg = await plotHistory(history(5), "loss", font);
    const shapes = [...svg.matchAll(/<path d="([^"]+)"/g)].map(([, path]) => shapeOf(path));
    const drawn = [13, 14, 20].map((size) => shapeOf(font.outline(words, 0, 0, size)));
    expect(drawn.some((shape) => shapes.includes(shape))).toBe(true);
  });

  it("is the same bytes each time, whatever was drawn between", async () => {
    const first = await plotHistory(history(7), "loss", font);
    await plotHistory({ accuracy: [0.5, 0.6] }, "accuracy", font);
    expect(await plotHistory(history(7), "loss", font)).toBe(first);
  });

  it("says which metrics there are when asked for another", async () => {
    await expect(plotHistory(history(2), "recall", font)).rejects.toThrow("found loss, val_loss");
  });
});

describe("the picture", () => {
  it.each([1, 2, 20, 500])("shows both lines for %i epochs", async (epochs) => {
    const image = await renderSvg(await plotHistory(history(epochs), "loss", font));
    expect([image.width, image.height]).toEqual([960, 540]);
    expect(countColor(image, plotArea, trainingColor)).toBeGreaterThan(20);
    expect(countColor(image, plotArea, validationColor)).toBeGreaterThan(20);
  });

  it("has ink for the title, the legend, the axis titles and the labels of both axes", async () => {
    const image = await renderSvg(await plotHistory(history(20), "loss", font));
    const places = {
      title: { left: 20, top: 14, right: 200, bottom: 40 },
      legend: { left: 690, top: 28, right: 930, bottom: 52 },
      epoch: { left: 440, top: 505, right: 570, bottom: 535 },
      metric: { left: 8, top: 240, right: 34, bottom: 330 },
      firstTick: { left: 86, top: 478, right: 106, bottom: 498 },
      lastTick: { left: 900, top: 478, right: 925, bottom: 498 },
      topValue: { left: 50, top: 90, right: 80, bottom: 110 },
    };
    for (const [name, box] of Object.entries(places)) {
      expect(countDark(image, box), name).toBeGreaterThan(4);
    }
  });

  it("keeps a blank margin: nothing is cut off at an edge", async () => {
    for (const bestEpoch of [1, 20]) {
      const image = await renderSvg(await plotHistory(history(20), "loss", font, { bestEpoch }));
      const edges = [
        { left: 0, top: 0, right: 960, bottom: 6 },
        { left: 0, top: 534, right: 960, bottom: 540 },
        { left: 0, top: 0, right: 6, bottom: 540 },
        { left: 954, top: 0, right: 960, bottom: 540 },
      ];
      for (const edge of edges) expect(countDark(image, edge, 250)).toBe(0);
    }
  });

  it("leaves a gap for a loss that is not a number and a dot between two gaps", async () => {
    const loss = [0.45, Number.NaN, 0.45, Number.POSITIVE_INFINITY, 0.45];
    const svg = await plotHistory({ loss }, "loss", font);
    expect(svg).toContain("2 not finite, not drawn");
    expect(svg).not.toContain('d="NaN');
    const image = await renderSvg(svg);
    const third = { left: 480, top: 101, right: 528, bottom: 472 };
    const second = { left: 280, top: 101, right: 310, bottom: 472 };
    expect(countColor(image, third, trainingColor)).toBeGreaterThan(15);
    expect(countColor(image, second, trainingColor)).toBe(0);
  });

  it("draws axes and no line when nothing is finite", async () => {
    const image = await renderSvg(await plotHistory({ loss: [Number.NaN, Number.NaN] }, "loss", font));
    expect(countColor(image, plotArea, trainingColor)).toBe(0);
    expect(countDark(image, { left: 50, top: 90, right: 80, bottom: 110 }, 200)).toBeGreaterThan(4);
  });

  it("has twice the pixels at scale 2, as a PNG", async () => {
    const png = await renderSvgToPng(await plotHistory(history(3), "loss", font), 2);
    const header = new DataView(png.buffer, png.byteOffset);
    expect([header.getUint32(16), header.getUint32(20)]).toEqual([1920, 1080]);
  });
});

/** The path without its place: letters in the same order and of the same size give the same shape. */
function shapeOf(path: string): string {
  const numbers = [...path.matchAll(/-?[\d.]+/g)].map(Number);
  const commands = path.replace(/[^A-Za-z]/g, "");
  return `${commands} ${Math.round((Math.max(...numbers.filter((_, i) => i % 2 === 0)) - numbers[0]) * 5)}`;
}
