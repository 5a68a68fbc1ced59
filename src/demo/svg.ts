type Attributes = Readonly<Record<string, string | number>>;

/** One SVG element. Numbers are written with two decimals; camel case becomes kebab case. */
export function element(name: string, attributes: Attributes, content = ""): string {
  const words = Object.entries(attributes).map(
    ([key, value]) => ` ${attributeName(key)}="${written(value)}"`,
  );
  return `<${name}${words.join("")}${content === "" ? "/>" : `>${content}</${name}>`}`;
}

export function ellipse(
  cx: number,
  cy: number,
  rx: number,
  ry: number,
  fill: string,
  more: Attributes = {},
): string {
  return element("ellipse", { cx, cy, rx, ry, fill, ...more });
}

export function rectangle(
  x: number,
  y: number,
  width: number,
  height: number,
  fill: string,
  more: Attributes = {},
): string {
  return element("rect", { x, y, width, height, fill, ...more });
}

/** A filled shape. `d` is a path template made with `pathOf`. */
export function shape(d: string, fill: string, more: Attributes = {}): string {
  return element("path", { d, fill, ...more });
}

/** A line along a path, with round ends. */
export function stroke(d: string, colour: string, width: number, more: Attributes = {}): string {
  return element("path", {
    d,
    fill: "none",
    stroke: colour,
    strokeWidth: width,
    strokeLinecap: "round",
    ...more,
  });
}

export function group(transform: string, content: string): string {
  return element("g", { transform }, content);
}

/** A path's data with short numbers: pathOf`M ${x} ${y} L …`. */
export function pathOf(words: TemplateStringsArray, ...numbers: number[]): string {
  return String.raw({ raw: words }, ...numbers.map((value) => value.toFixed(2)));
}

/** Evenly spaced colours from one side to the other; `angle` in degrees, 0 from left to right. */
export function linearGradient(id: string, angle: number, colours: readonly string[]): string {
  return element(
    "linearGradient",
    { id, gradientTransform: `rotate(${angle.toFixed(1)} 0.5 0.5)` },
    stops(colours),
  );
}

/** Evenly spaced colours from a point (in parts of the shape's box) outwards. */
export function radialGradient(
  id: string,
  cx: number,
  cy: number,
  r: number,
  colours: readonly string[],
): string {
  return element("radialGradient", { id, cx, cy, r }, stops(colours));
}

function stops(colours: readonly string[]): string {
  return colours
    .map((stopColor, i) => element("stop", { offset: i / Math.max(1, colours.length - 1), stopColor }))
    .join("");
}

function written(value: string | number): string {
  return typeof value === "number" ? value.toFixed(2) : value;
}

/** These keep their capitals in SVG. */
const capitals = new Set(["viewBox", "gradientTransform"]);

function attributeName(key: string): string {
  return capitals.has(key) ? key : key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
