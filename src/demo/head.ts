import type { RandomStream } from "../util/random.ts";
import { between, chance, pick, pickSide, several } from "./choices.ts";
import { clothColour, shade } from "./colours.ts";
import type { Person } from "./person.ts";
import { ellipse, pathOf, radialGradient, rectangle, shape, stroke } from "./svg.ts";

/** Neck, shoulders and shirt, from the chin down past the picture's edge. */
export function drawBody(stream: RandomStream, { skin, rx, ry }: Person): string {
  const cloth = clothColour(stream);
  const half = between(stream, 100, 140);
  const neck = rx * between(stream, 0.36, 0.46);
  const torso = pathOf`M ${-half} 420 V ${ry + 75} Q ${-half + 8} ${ry + 38} ${-neck} ${ry + 22} H ${neck} Q ${half - 8} ${ry + 38} ${half} ${ry + 75} V 420 z`;
  const dark = shade(skin, -0.16);
  const trim = pick(stream, [
    () => "",
    () => several(7, (i) => stroke(pathOf`M ${-half} ${ry + 62 + 22 * i} H ${half}`, shade(cloth, 0.5), 7)),
    () => shape(pathOf`M ${-neck - 8} ${ry + 20} L 0 ${ry + 70} L ${neck + 8} ${ry + 20} z`, dark),
    () =>
      shape(
        pathOf`M ${-neck - 4} ${ry + 18} L ${-neck - 14} ${ry + 44} L 0 ${ry + 40} z`,
        shade(cloth, 0.35),
      ) +
      shape(pathOf`M ${neck + 4} ${ry + 18} L ${neck + 14} ${ry + 44} L 0 ${ry + 40} z`, shade(cloth, 0.35)),
  ])();
  return shape(torso, cloth) + rectangle(-neck, ry * 0.6, 2 * neck, ry * 0.4 + 34, dark, { rx: 12 }) + trim;
}

/** Ears and the head itself, lit from one side. */
export function drawHead(stream: RandomStream, { skin, rx, ry }: Person): string {
  const light = [between(stream, 0.25, 0.75), between(stream, 0.2, 0.5)] as const;
  const colours = [shade(skin, 0.14), skin, shade(skin, -between(stream, 0.1, 0.35))];
  const ear = between(stream, 11, 17);
  const ears = [-1, 1].map(
    (side) =>
      ellipse(side * rx, 4, ear, ear * 1.3, skin) +
      ellipse(side * rx, 4, ear * 0.5, ear * 0.7, shade(skin, -0.2)),
  );
  const jaw = between(stream, 0.72, 0.98);
  const head = pathOf`M ${-rx} -8 C ${-rx} ${-ry * 0.72} ${-rx * 0.6} ${-ry} 0 ${-ry} S ${rx} ${-ry * 0.72} ${rx} -8 C ${rx} ${ry * 0.5} ${rx * jaw * 0.7} ${ry} 0 ${ry} S ${-rx} ${ry * 0.5} ${-rx} -8 z`;
  return radialGradient("skin", ...light, 0.8, colours) + ears.join("") + shape(head, "url(#skin)");
}

/** Hair behind the head: long or none. */
export function drawHairBehind(stream: RandomStream, { hair, rx, ry }: Person): string {
  if (!chance(stream, 0.4)) return "";
  const bottom = ry * between(stream, 0.7, 1.6);
  const width = rx * between(stream, 1.15, 1.4);
  return shape(
    pathOf`M ${-width} ${bottom} C ${-width * 1.1} ${-ry * 1.5} ${width * 1.1} ${-ry * 1.5} ${width} ${bottom} Q 0 ${bottom + 22} ${-width} ${bottom} z`,
    shade(hair, -0.18),
  );
}

type Hairstyle = (stream: RandomStream, person: Person) => string;

/** Hair on the forehead and the crown. */
export function drawHair(stream: RandomStream, person: Person): string {
  return pick(stream, hairstyles)(stream, person);
}

const hairstyles: readonly Hairstyle[] = [bald, cropped, fringe, parted, curls, spikes, bun];

function bald(stream: RandomStream, { rx, ry }: Person): string {
  return ellipse(pickSide(stream) * rx * 0.3, -ry * 0.72, rx * 0.22, ry * 0.08, "#ffffff", { opacity: 0.35 });
}

function cropped(stream: RandomStream, { hair, rx, ry }: Person): string {
  const line = -ry * between(stream, 0.42, 0.6);
  return cap(hair, rx, ry, pathOf`Q 0 ${line - 34} ${-rx * 0.97} ${-ry * 0.22}`);
}

function fringe(stream: RandomStream, { hair, rx, ry }: Person): string {
  const line = -ry * between(stream, 0.4, 0.5);
  return cap(
    hair,
    rx,
    ry,
    pathOf`L ${rx * 0.8} ${line} Q 0 ${line + 8} ${-rx * 0.8} ${line} L ${-rx * 0.97} ${-ry * 0.22}`,
  );
}

function parted(stream: RandomStream, { hair, rx, ry }: Person): string {
  const x = pickSide(stream) * rx * between(stream, 0.2, 0.5);
  return cap(
    hair,
    rx,
    ry,
    pathOf`Q ${(x + rx) / 2} ${-ry * 0.5} ${x} ${-ry * 0.78} Q ${(x - rx) / 2} ${-ry * 0.5} ${-rx * 0.97} ${-ry * 0.22}`,
  );
}

/** From the left temple over the crown to the right temple, and back along `hairline`. */
function cap(hair: string, rx: number, ry: number, hairline: string): string {
  const over = pathOf`M ${-rx * 0.97} ${-ry * 0.22} C ${-rx * 1.25} ${-ry * 1.38} ${rx * 1.25} ${-ry * 1.38} ${rx * 0.97} ${-ry * 0.22} `;
  const shine = pathOf`M ${-rx * 0.45} ${-ry * 0.92} Q ${-rx * 0.1} ${-ry * 1.05} ${rx * 0.3} ${-ry * 0.98}`;
  return shape(`${over}${hairline} z`, hair) + stroke(shine, shade(hair, 0.3), 5, { opacity: 0.6 });
}

function curls(stream: RandomStream, { hair, rx, ry }: Person): string {
  return several(22, (i) => {
    const angle = Math.PI * (0.98 + (1.04 * (i % 11)) / 10);
    const radius = between(stream, 13, 20);
    const distance = i < 11 ? 0.98 : 0.8;
    const colour = shade(hair, between(stream, -0.12, 0.12));
    return ellipse(
      distance * rx * Math.cos(angle),
      distance * ry * Math.sin(angle) - 8,
      radius,
      radius,
      colour,
    );
  });
}

function spikes(stream: RandomStream, { hair, rx, ry }: Person): string {
  const count = 7;
  const points = Array.from({ length: count }, (_, i) => {
    const angle = Math.PI * (1.08 + (0.84 * i) / (count - 1));
    const tip = between(stream, 1.15, 1.4);
    const next = angle + (Math.PI * 0.42) / (count - 1);
    return pathOf`L ${tip * rx * Math.cos(angle)} ${tip * ry * Math.sin(angle)} L ${0.95 * rx * Math.cos(next)} ${0.95 * ry * Math.sin(next)} `;
  });
  const base = pathOf`M ${-rx * 0.95} ${-ry * 0.25} `;
  return shape(`${base}${points.join("")}${pathOf`Q 0 ${-ry * 0.62} ${-rx * 0.95} ${-ry * 0.25}`} z`, hair);
}

function bun(stream: RandomStream, person: Person): string {
  const { hair, ry } = person;
  const radius = between(stream, 20, 30);
  return (
    ellipse(between(stream, -12, 12), -ry * 1.05 - radius * 0.6, radius, radius, hair) +
    parted(stream, person)
  );
}

/** Beard, moustache, stubble or none; the mouth is drawn over it. */
export function drawBeard(stream: RandomStream, { hair, rx, ry }: Person): string {
  if (!chance(stream, 0.24)) return "";
  const full = pathOf`M ${-rx * 0.97} 4 C ${-rx * 0.98} ${ry * 0.75} ${-rx * 0.55} ${ry * 1.16} 0 ${ry * 1.16} S ${rx * 0.98} ${ry * 0.75} ${rx * 0.97} 4 Q ${rx * 0.7} ${ry * 0.32} 0 ${ry * 0.3} Q ${-rx * 0.7} ${ry * 0.32} ${-rx * 0.97} 4 z`;
  return pick(stream, [
    () => shape(full, hair),
    () => shape(full, hair, { opacity: 0.25 }),
    () => shape(pathOf`M -30 30 Q 0 12 30 30 Q 0 26 -30 30 z`, hair, { stroke: hair, strokeWidth: 5 }),
    () => ellipse(0, ry * 0.96, 17, 18, hair),
  ])();
}
