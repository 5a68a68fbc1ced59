import type { RandomStream } from "../util/random.ts";
import { between, pick, several } from "./choices.ts";
import { anyColour, clothColour, shade } from "./colours.ts";
import { ellipse, group, linearGradient, pathOf, radialGradient, rectangle, shape } from "./svg.ts";

/** Width and height of the picture, in units of which its shorter side has 256. */
export interface Area {
  readonly width: number;
  readonly height: number;
}

type Background = (stream: RandomStream, area: Area) => string;

/** What stands behind the person. */
export function drawBackground(stream: RandomStream, area: Area): string {
  return pick(stream, backgrounds)(stream, area);
}

const backgrounds: readonly Background[] = [
  plainWall,
  spotlight,
  stripes,
  checks,
  lights,
  clutter,
  hills,
  room,
];

function fill({ width, height }: Area, colour: string): string {
  return rectangle(0, 0, width, height, colour);
}

function plainWall(stream: RandomStream, area: Area): string {
  const colour = clothColour(stream);
  const colours = [shade(colour, between(stream, 0, 0.5)), shade(colour, between(stream, -0.5, 0))];
  return linearGradient("wall", between(stream, 0, 360), colours) + fill(area, "url(#wall)");
}

function spotlight(stream: RandomStream, area: Area): string {
  const colour = clothColour(stream);
  const middle = [between(stream, 0.2, 0.8), between(stream, 0.1, 0.7)] as const;
  const colours = [shade(colour, 0.5), colour, shade(colour, -0.55)];
  return radialGradient("spot", ...middle, between(stream, 0.6, 1), colours) + fill(area, "url(#spot)");
}

function stripes(stream: RandomStream, area: Area): string {
  const [one, other] = [clothColour(stream), clothColour(stream)];
  const step = between(stream, 12, 60);
  const reach = area.width + area.height;
  const bars = several(Math.ceil((2 * reach) / step), (i) =>
    rectangle(i * step - reach, -reach, step * 0.5, 3 * reach, other),
  );
  return fill(area, one) + group(`rotate(${between(stream, -90, 90).toFixed(1)})`, bars);
}

function checks(stream: RandomStream, area: Area): string {
  const [one, other] = [clothColour(stream), clothColour(stream)];
  const step = between(stream, 18, 50);
  const columns = Math.ceil(area.width / step);
  const tiles = several(columns * Math.ceil(area.height / step), (i) => {
    const [x, y] = [i % columns, Math.floor(i / columns)];
    return (x + y) % 2 === 0 ? rectangle(x * step, y * step, step, step, other) : "";
  });
  return fill(area, one) + tiles;
}

/** Lamps out of focus, at night. */
function lights(stream: RandomStream, area: Area): string {
  const night = anyColour(stream, 0.5, between(stream, 0.1, 0.3));
  const lamps = several(14 + stream.nextInteger(16), () => {
    const radius = between(stream, 4, 26);
    const colour = anyColour(stream, 0.8, between(stream, 0.5, 0.75));
    const [x, y] = [between(stream, 0, area.width), between(stream, 0, area.height)];
    return ellipse(x, y, radius, radius, colour, { opacity: between(stream, 0.25, 0.8) });
  });
  return fill(area, night) + lamps;
}

/** Boxes, balls and wedges of all colours. */
function clutter(stream: RandomStream, area: Area): string {
  const things = several(16 + stream.nextInteger(22), () => {
    const [x, y] = [between(stream, -20, area.width), between(stream, -20, area.height)];
    const [width, height] = [between(stream, 10, 90), between(stream, 10, 90)];
    const colour = clothColour(stream);
    return pick(stream, [
      () => rectangle(x, y, width, height, colour),
      () => ellipse(x, y, width / 2, height / 2, colour),
      () => shape(pathOf`M ${x} ${y} l ${width} ${height} l ${-height} ${width / 2} z`, colour),
      // Bows like mouths, so that a bow alone tells nothing.
      () => shape(pathOf`M ${x} ${y} q ${width / 2} ${height - 50} ${width} 0 z`, colour),
    ])();
  });
  return fill(area, clothColour(stream)) + things;
}

function hills(stream: RandomStream, area: Area): string {
  const { width, height } = area;
  const sky = anyColour(stream, 0.6, between(stream, 0.55, 0.8));
  const sun = between(stream, 14, 34);
  const ground = several(3, (i) => {
    const top = height * (0.5 + 0.14 * i + between(stream, -0.08, 0.08));
    const [left, right] = [between(stream, -60, 60), between(stream, -60, 60)];
    const colour = shade(anyColour(stream, 0.4, 0.4), -0.15 * i);
    return shape(
      pathOf`M 0 ${top} C ${width * 0.3} ${top + left} ${width * 0.7} ${top + right} ${width} ${top} V ${height} H 0 z`,
      colour,
    );
  });
  return (
    linearGradient("sky", 90, [sky, shade(sky, 0.6)]) +
    fill(area, "url(#sky)") +
    ellipse(between(stream, 0, width), between(stream, 10, height * 0.4), sun, sun, "#fff3c4") +
    ground
  );
}

/** A wall with frames on it, and a floor. */
function room(stream: RandomStream, area: Area): string {
  const { width, height } = area;
  const wall = shade(clothColour(stream), 0.3);
  const frames = several(2 + stream.nextInteger(4), () => {
    const [x, y] = [between(stream, -20, width - 20), between(stream, -20, height * 0.6)];
    const [w, h] = [between(stream, 30, 80), between(stream, 30, 80)];
    return (
      rectangle(x, y, w, h, shade(wall, -0.6)) + rectangle(x + 4, y + 4, w - 8, h - 8, clothColour(stream))
    );
  });
  const floor = height * between(stream, 0.7, 0.9);
  return fill(area, wall) + frames + rectangle(0, floor, width, height - floor, shade(wall, -0.35));
}
