import { beforeAll, describe, expect, it } from "vitest";
import { renderSvg } from "../../src/platform/node/render.ts";
import { escapeXml, shorten, type TextFont } from "../../src/report/text.ts";
import { countDark, loadShippedFont } from "./support.ts";

let font: TextFont;
beforeAll(async () => {
  font = await loadShippedFont();
});

const draw = (text: string) =>
  renderSvg(
    `<svg xmlns="http://www.w3.org/2000/svg" width="400" height="40"><path d="${font.outline(text, 10, 30, 20)}"/></svg>`,
  );
const whole = { left: 0, top: 0, right: 400, bottom: 40 };

describe("measure and outline", () => {
  // Advance widths of DejaVu Sans 2.37, in units of 2048 to the em: H 1540, i 569, space 651.
  it.each([
    ["Hi", (1540 + 569) / 2048],
    ["H i", (1540 + 651 + 569) / 2048],
    ["", 0],
  ])("measures %j from the font's own widths", (text, widthInEms) => {
    expect(font.measure(text, 100)).toBeCloseTo(widthInEms * 100, 6);
  });

  it("draws ink between the pen's start and its measured end, on the baseline", async () => {
    const image = await draw("Hamburg");
    const end = Math.ceil(10 + font.measure("Hamburg", 20));
    const top = Math.floor(30 - font.capHeight * 20);
    expect(countDark(image, { left: 10, top, right: end, bottom: 30 })).toBeGreaterThan(150);
    expect(countDark(image, { ...whole, right: 10 })).toBe(0);
    expect(countDark(image, { ...whole, left: end + 1 })).toBe(0);
    expect(countDark(image, { ...whole, bottom: top - 3 })).toBe(0);
  });

  it("draws every digit whole, wherever the pen stands", async () => {
    // A "0" and an "8" are as high as an "H" and each has ink on the left and on the right.
    for (const digit of ["0", "8"]) {
      for (const x of [10, 10.37, 52.6875]) {
        const path = font.outline(digit, x, 30, 20);
        const image = await renderSvg(
          `<svg xmlns="http://www.w3.org/2000/svg" width="90" height="40"><path d="${path}"/></svg>`,
        );
        const middle = Math.round(x + font.measure(digit, 20) / 2);
        const [top, bottom] = [14, 31];
        expect(countDark(image, { left: 0, top, right: middle, bottom })).toBeGreaterThan(18);
        expect(countDark(image, { left: middle, top, right: 90, bottom })).toBeGreaterThan(18);
      }
    }
  });

  it("frames the code of a letter that the font lacks, so that two such letters differ", async () => {
    const [smile, face] = [await draw("笑"), await draw("顔")];
    expect(countDark(smile, whole)).toBeGreaterThan(40);
    expect(Buffer.compare(smile.pixels, face.pixels)).not.toBe(0);
    expect(font.measure("笑顔", 10)).toBeCloseTo(16, 6);
  });

  it("leaves out invisible letters and takes an accent and its letter as one", () => {
    expect(font.outline("a\u200d\ufe0f\u0007b", 0, 0, 10)).toBe(font.outline("ab", 0, 0, 10));
    expect(font.outline("e\u0301", 0, 0, 10)).toBe(font.outline("é", 0, 0, 10));
    expect(font.outline("a\nb", 0, 0, 10)).toBe(font.outline("a b", 0, 0, 10));
  });

  it("draws Hebrew from the right, and digits and Latin beside it from the left", () => {
    const aleph = font.measure("א", 10);
    expect(font.outline("בא 12", 0, 0, 10).startsWith(font.outline("א", 0, 0, 10))).toBe(true);
    expect(font.outline("בא 12", 0, 0, 10)).toContain(font.outline("ב", aleph, 0, 10));
  });
});

describe("shorten", () => {
  it("keeps what fits, and cuts what does not to the longest beginning that fits with an ellipsis", () => {
    expect(shorten(font, "happy", 13, 200)).toBe("happy");
    const name = "a class name of many letters";
    const shown = shorten(font, name, 13, 100);
    expect(shown).toMatch(/^a class.*…$/);
    expect(font.measure(shown, 13)).toBeLessThanOrEqual(100);
    const oneMore = `${name.slice(0, shown.length)}…`;
    expect(font.measure(oneMore, 13)).toBeGreaterThan(100);
  });

  it("never cuts inside a letter of several code points", () => {
    expect(shorten(font, "👩‍👩‍👧👩‍👩‍👧", 10, 40)).toBe("👩‍👩‍👧…");
  });
});

it("escapeXml escapes what XML reserves and replaces what it forbids", () => {
  expect(escapeXml(`<b> & "q" 'a'`)).toBe("&#60;b&#62; &#38; &#34;q&#34; &#39;a&#39;");
  expect(escapeXml("a\u0000b\ud800c😀")).toBe("a\ufffdb\ufffdc😀");
});
