import type { RandomStream } from "../util/random.ts";
import type { Area } from "./backgrounds.ts";
import { between, chance, pick, pickSide, several } from "./choices.ts";
import { clothColour, shade } from "./colours.ts";
import type { Person } from "./person.ts";
import { element, ellipse, group, pathOf, rectangle, shape, stroke } from "./svg.ts";

/** Round, square or dark glasses, or none. */
export function drawGlasses(stream: RandomStream, { rx }: Person): string {
  if (!chance(stream, 0.25)) return "";
  const frame = pick(stream, ["#1f1f24", "#6b4a2b", "#a03030", "#c9a24a", "#45556b"]);
  const dark = chance(stream, 0.35);
  const fill = dark ? "#16181d" : "#dbe9f5";
  const look = { stroke: frame, strokeWidth: between(stream, 2.5, 5), fillOpacity: dark ? 0.93 : 0.22 };
  const [gap, size] = [rx * 0.42, between(stream, 19, 25)];
  const round = chance(stream, 0.5);
  const lenses = [-gap, gap].map((x) =>
    round
      ? ellipse(x, -12, size, size, fill, look)
      : rectangle(x - size, -12 - size * 0.75, size * 2, size * 1.5, fill, { ...look, rx: 6 }),
  );
  const bridge = pathOf`M ${size - gap} -14 Q 0 -20 ${gap - size} -14`;
  const arms = pathOf`M ${-gap - size} -14 L ${-rx} -10 M ${gap + size} -14 L ${rx} -10`;
  return lenses.join("") + stroke(`${bridge} ${arms}`, frame, 3);
}

/** A cap, a woollen hat, a brimmed hat or none. */
export function drawHat(stream: RandomStream, { rx, ry }: Person): string {
  if (!chance(stream, 0.22)) return "";
  const cloth = clothColour(stream);
  const band = shade(cloth, -0.3);
  const line = -ry * 0.5;
  const crown = pathOf`M ${-rx * 1.06} ${line} C ${-rx * 1.1} ${-ry * 1.5} ${rx * 1.1} ${-ry * 1.5} ${rx * 1.06} ${line} z`;
  const side = pickSide(stream);
  return pick(stream, [
    () =>
      shape(crown, cloth) +
      rectangle(-rx * 1.1, line - 14, rx * 2.2, 20, band, { rx: 8 }) +
      ellipse(0, -ry * 1.28, 15, 15, shade(cloth, 0.4)),
    () =>
      shape(crown, cloth) +
      shape(
        pathOf`M ${-side * rx} ${line - 8} Q ${side * rx * 0.5} ${line - 22} ${side * rx * 1.7} ${line + 6} Q ${side * rx * 0.6} ${line + 10} ${-side * rx} ${line + 2} z`,
        band,
      ),
    () =>
      ellipse(0, line, rx * 1.7, 15, band) +
      rectangle(-rx * 0.95, -ry * 1.32, rx * 1.9, ry * 0.84, cloth, { rx: 14 }) +
      rectangle(-rx * 0.95, line - 20, rx * 1.9, 14, band),
  ])();
}

/** Sometimes something is in the way: a hand, a scarf over the chin, a bar across the picture. */
export function drawOcclusion(stream: RandomStream, person: Person): string {
  if (!chance(stream, 0.1)) return "";
  return pick(stream, [drawHand, drawScarf, drawBar])(stream, person);
}

function drawHand(stream: RandomStream, { skin, rx }: Person): string {
  const colour = shade(skin, -0.08);
  const edge = { stroke: shade(skin, -0.4), strokeWidth: 1.5 };
  const fingers = several(4, (i) =>
    rectangle(-24 + 12.5 * i, -44 - 5 * (i % 3), 11.5, 50, colour, { ...edge, rx: 6 }),
  );
  const hand =
    fingers +
    rectangle(-25, -8, 51, 46, colour, { ...edge, rx: 14 }) +
    rectangle(-20, 20, 40, 160, colour, { rx: 14 });
  const side = pickSide(stream);
  const [x, y] = [side * rx * between(stream, 0.4, 0.95), between(stream, 40, 75)];
  return group(
    `translate(${x.toFixed(1)} ${y.toFixed(1)}) rotate(${(side * between(stream, -35, 10)).toFixed(1)})`,
    hand,
  );
}

function drawScarf(stream: RandomStream, { rx, ry }: Person): string {
  const cloth = clothColour(stream);
  const top = ry * between(stream, 0.62, 0.9);
  const wrap = pathOf`M ${-rx * 1.15} ${top - 8} Q 0 ${top + 26} ${rx * 1.15} ${top - 8} L ${rx * 1.3} ${ry + 34} Q 0 ${ry + 66} ${-rx * 1.3} ${ry + 34} z`;
  const fold = pathOf`M ${-rx * 1.1} ${top + 14} Q 0 ${top + 44} ${rx * 1.1} ${top + 12}`;
  return shape(wrap, cloth) + stroke(fold, shade(cloth, -0.25), 5);
}

function drawBar(stream: RandomStream): string {
  const width = between(stream, 12, 34);
  const bar = rectangle(-400, -width / 2, 800, width, clothColour(stream));
  const [x, y] = [between(stream, -40, 40), between(stream, -60, 80)];
  return group(
    `translate(${x.toFixed(1)} ${y.toFixed(1)}) rotate(${between(stream, -90, 90).toFixed(1)})`,
    bar,
  );
}

/** Evening, neon or a dull day: one colour over the whole picture, darker at one end. */
export function drawLight(stream: RandomStream, { width, height }: Area): string {
  if (!chance(stream, 0.35)) return "";
  const colour = shade(clothColour(stream), -0.4);
  const stop = (offset: number, stopOpacity: number) =>
    element("stop", { offset, stopColor: colour, stopOpacity });
  const turn = `rotate(${between(stream, 0, 360).toFixed(1)} 0.5 0.5)`;
  const stops = stop(0, between(stream, 0, 0.15)) + stop(1, between(stream, 0.2, 0.45));
  return (
    element("linearGradient", { id: "light", gradientTransform: turn }, stops) +
    rectangle(0, 0, width, height, "url(#light)")
  );
}
