import { beforeAll, expect, it } from "vitest";
import { outlineText } from "../../src/report/outline-text.ts";
import type { TextFont } from "../../src/report/text.ts";
import { loadShippedFont } from "./support.ts";

let font: TextFont;
beforeAll(async () => {
  font = await loadShippedFont();
});

const half = () => (font.capHeight * 12) / 2;

it("puts the outlines where the text stood and keeps its colour and turn", () => {
  const svg = `<g><text dominant-baseline="central" text-anchor="start" style="font-size:12px;font-family:sans-serif;" x="30" y="7" transform="matrix(0,-1,1,0,20,30)" fill="#54555a">Loss</text></g>`;
  const path = font.outline("Loss", 30, 7 + half(), 12);
  expect(outlineText(svg, font)).toBe(
    `<g><path d="${path}" transform="matrix(0,-1,1,0,20,30)" fill="#54555a"></path></g>`,
  );
});

it.each([
  ["middle", 0.5],
  ["end", 1],
])("moves text anchored at its %s by that share of its width", (anchor, share) => {
  const svg = `<text text-anchor="${anchor}" style="font: 12px sans-serif" x="100">0.25</text>`;
  const path = font.outline("0.25", 100 - share * font.measure("0.25", 12), half(), 12);
  expect(outlineText(svg, font)).toBe(`<path d="${path}"></path>`);
});

it("draws escaped letters as themselves", () => {
  const svg = `<text style="font-size:12px">&lt;b&gt; &amp;amp; &quot;x&quot; &#39;</text>`;
  expect(outlineText(svg, font)).toContain(font.outline(`<b> &amp; "x" '`, 0, half(), 12));
});

it("refuses text of another form rather than losing it", () => {
  expect(() => outlineText(`<text style="font-size:12px">a<tspan>b</tspan></text>`, font)).toThrow(
    "plain <text>",
  );
  expect(() => outlineText(`<text style="font-size:1em">a</text>`, font)).toThrow("font size in px");
});
