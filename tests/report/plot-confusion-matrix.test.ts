import { beforeAll, describe, expect, it } from "vitest";
import { renderSvg } from "../../src/platform/node/render.ts";
import { plotConfusionMatrix } from "../../src/report/plot-confusion-matrix.ts";
import type { TextFont } from "../../src/report/text.ts";
import { countDark, loadShippedFont } from "./support.ts";

let font: TextFont;
beforeAll(async () => {
  font = await loadShippedFont();
});

const sizeOf = (svg: string): number[] =>
  [...svg.matchAll(/(?:width|height)="(\d+)"/g)].slice(0, 2).map(([, n]) => +n);
const square = (classes: number, value: (actual: number, predicted: number) => number) =>
  Array.from({ length: classes }, (_, actual) => Array.from({ length: classes }, (_, i) => value(actual, i)));

/** Path commands of a text, wherever it stands. */
const shape = (path: string) => path.replace(/[^A-Za-z]/g, "");
const shapesIn = (svg: string) => [...svg.matchAll(/<path d="([^"]+)"/g)].map(([, path]) => shape(path));
const shapeOf = (text: string) => shape(font.outline(text, 0, 0, 13));

describe("the SVG", () => {
  it("shows each count and its share of the row, and describes the matrix in words", async () => {
    const svg = await plotConfusionMatrix(
      [
        [10, 1],
        [0, 8],
      ],
      ["happy", "sad"],
      font,
    );
    const shapes = shapesIn(svg);
    for (const text of ["10", "90.9%", "1", "9.1%", "0", "8", "100.0%", "happy", "sad"]) {
      expect(shapes, text).toContain(shapeOf(text));
    }
    expect(shapes).not.toContain(shapeOf("0.0%"));
    expect(svg).toContain("19 images, 18 predicted correctly (94.7%).");
    expect(svg).toContain("Of class happy: 10 as happy, 1 as sad. Of class sad: 8 as sad.");
    expect(svg).toContain('role="img"');
    expect(svg).not.toMatch(/<text|font-family/);
  });

  it("puts actual classes on rows, from the top, and predicted ones on columns", async () => {
    const image = await renderSvg(
      await plotConfusionMatrix(
        [
          [0, 9],
          [0, 0],
        ],
        ["a", "b"],
        font,
      ),
    );
    // The one dark cell (its blue is far from white) is in the first row, second column.
    const isDark = (x: number, y: number) => image.pixels[(y * image.width + x) * 3] < 40;
    expect(isDark(290, 110)).toBe(true);
    expect([isDark(100, 110), isDark(100, 350), isDark(290, 350)]).toEqual([false, false, false]);
  });

  it("escapes class names, also those that look like what ECharts marks its drawing with", async () => {
    const names = [`<script>&"'`, "zr0-c0 zr1-x"];
    const svg = await plotConfusionMatrix(
      [
        [1, 0],
        [0, 1],
      ],
      names,
      font,
    );
    expect(svg).not.toContain("<script");
    expect(svg).toContain("&#60;script&#62;&#38;&#34;&#39;");
    expect(svg).toContain("1 as zr0-c0 zr1-x");
    for (const name of names) expect(shapesIn(svg)).toContain(shapeOf(name));
  });

  it("shortens names of sixty letters, and keeps them whole in the description", async () => {
    const long = "a class name that goes on and on, for sixty letters or more.";
    const svg = await plotConfusionMatrix(
      [
        [1, 0],
        [0, 1],
      ],
      [long, "笑顔 😀"],
      font,
    );
    expect(svg).toContain(`Of class ${long}: 1 as ${long}.`);
    expect(shapesIn(svg)).not.toContain(shapeOf(long));
    expect(sizeOf(svg)[0]).toBeLessThan(900);
  });

  it("is the same bytes each time", async () => {
    const matrix = square(7, (a, b) => (a * 5 + b * 3) % 11);
    const names = matrix.map((_, index) => `class ${index}`);
    expect(await plotConfusionMatrix(matrix, names, font)).toBe(
      await plotConfusionMatrix(matrix, names, font),
    );
  });

  it("refuses a matrix that does not fit the names", async () => {
    await expect(plotConfusionMatrix([[1, 2]], ["a", "b"], font)).rejects.toThrow(
      "Expected a 2x2 matrix, found 1 rows of 2",
    );
  });
});

describe("the picture", () => {
  it.each([2, 7, 12, 30])("of %i classes is cut off nowhere", async (classes) => {
    const names = Array.from({ length: classes }, (_, index) =>
      index % 3 ? `class ${index}` : "Labrador retriever, yellow",
    );
    const svg = await plotConfusionMatrix(
      square(classes, (a, b) => (a === b ? 99999 : a + b)),
      names,
      font,
    );
    const image = await renderSvg(svg);
    const { width, height } = image;
    expect([width, height]).toEqual(sizeOf(svg));
    const edges = [
      { left: 0, top: 0, right: width, bottom: 6 },
      { left: 0, top: height - 6, right: width, bottom: height },
      { left: 0, top: 0, right: 6, bottom: height },
      { left: width - 6, top: 0, right: width, bottom: height },
    ];
    for (const edge of edges) expect(countDark(image, edge, 250)).toBe(0);
  });

  it("of an empty test set says so", async () => {
    const svg = await plotConfusionMatrix(
      [
        [0, 0],
        [0, 0],
      ],
      ["a", "b"],
      font,
    );
    expect(svg).toContain("0 images, 0 predicted correctly.");
    expect(svg).not.toContain("NaN");
  });
});
