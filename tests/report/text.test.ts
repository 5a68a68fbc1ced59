import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { beforeAll, describe, expect, it } from "vitest";
import { renderSvg } from "../../src/platform/node/render.ts";
import { escapeXml, loadTextFont, shorten, type TextFont } from "../../src/report/text.ts";
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

describe("the font that is unpacked beside the event loop", () => {
  it("has the letters and the widths of the whole one", async () => {
    const path = "@fontsource/dejavu-sans/files/dejavu-sans-latin-400-normal.woff";
    const whole = await loadTextFont(await readFile(createRequire(import.meta.url).resolve(path)));
    expect(font.capHeight).toBe(whole.capHeight);
    for (let code = 0x20; code < 0x600; code++) {
      const letter = String.fromCodePoint(code);
      expect(font.outline(letter, 1, 2, 13), letter).toBe(whole.outline(letter, 1, 2, 13));
      expect(font.measure(letter, 13), letter).toBe(whole.measure(letter, 13));
    }
  });
});

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

  it("draws every digit whole when it is centred on the origin, where coordinates are tiny", async () => {
    for (const digit of "0123456789") {
      const width = font.measure(digit, 13);
      const centred = font.outline(digit, -width / 2, (font.capHeight * 13) / 2, 13);
      const apart = font.outline(digit, 100 - width / 2, 100 + (font.capHeight * 13) / 2, 13);
      const ink = async (path: string, origin: number) => {
        const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40" viewBox="${origin - 20} ${origin - 20} 40 40"><path d="${path}"/></svg>`;
        return countDark(await renderSvg(svg), { left: 0, top: 0, right: 40, bottom: 40 });
      };
      expect(await ink(centred, 0), digit).toBe(await ink(apart, 100));
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
