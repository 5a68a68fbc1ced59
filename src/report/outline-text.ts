import type { TextFont } from "./text.ts";

/**
 * Replaces every `<text>` of an SVG that ECharts drew by a `<path>` of its outlines. Reads what ECharts writes:
 * one run of text per element, its font in `style`, its place in `x`, `y`, `text-anchor` and `transform`, its
 * vertical middle at `y`. Throws where a `<text>` is of another form, for it would be lost on a machine without fonts.
 */
export function outlineText(svg: string, font: TextFont): string {
  const outlined = svg.replace(textElement, (_, attributes: string, content: string) =>
    outlineElement(readAttributes(attributes), decodeXml(content), font),
  );
  if (/<(text|tspan)\b/.test(outlined)) {
    throw new Error(
      `Expected only plain <text> elements in the SVG, found ${/<(text|tspan)\b.{0,80}/s.exec(outlined)}`,
    );
  }
  return outlined;
}

// An attribute's value holds no quotation mark, and text no "<", in any well-formed XML.
const textElement = /<text((?:\s+[\w:-]+="[^"]*")*)\s*>([^<]*)<\/text>/g;

/** Attributes that say where and in which font the text stood; the others (transform, fill, …) hold for the path. */
const textOnly = new Set(["x", "y", "style", "text-anchor", "dominant-baseline", "xml:space"]);

function outlineElement(attributes: ReadonlyMap<string, string>, text: string, font: TextFont): string {
  const size = readFontSize(attributes.get("style") ?? "");
  const width = font.measure(text, size);
  const x = Number(attributes.get("x") ?? 0) - anchorShare(attributes.get("text-anchor")) * width;
  const y = Number(attributes.get("y") ?? 0) + (font.capHeight * size) / 2;
  const kept = [...attributes]
    .filter(([name]) => !textOnly.has(name))
    .map(([name, value]) => ` ${name}="${value}"`);
  return `<path d="${font.outline(text, x, y, size)}"${kept.join("")}></path>`;
}

function readAttributes(source: string): Map<string, string> {
  return new Map([...source.matchAll(/([\w:-]+)="([^"]*)"/g)].map(([, name, value]) => [name, value]));
}

/** The size in pixels of a CSS font: `font: bold 12px sans-serif` or `font-size:12px`. */
export function readFontSize(css: string): number {
  const size = /([\d.]+)px/.exec(css);
  if (size === null) throw new Error(`Expected a font size in px, found "${css}"`);
  return Number(size[1]);
}

function anchorShare(anchor: string | undefined): number {
  if (anchor === "middle") return 0.5;
  return anchor === "end" ? 1 : 0;
}

const namedEntities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function decodeXml(text: string): string {
  return text.replace(/&(?:#(\d+)|(\w+));/g, (entity, code: string | undefined, name: string | undefined) =>
    code !== undefined ? String.fromCodePoint(Number(code)) : (namedEntities[name!] ?? entity),
  );
}
