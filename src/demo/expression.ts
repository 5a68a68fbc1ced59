import type { RandomStream } from "../util/random.ts";
import { between, chance, pick, pickSide, several } from "./choices.ts";
import { lipColour, shade } from "./colours.ts";
import type { Person } from "./person.ts";
import { element, ellipse, group, pathOf, shape, stroke } from "./svg.ts";

const irises = ["#3b2a1e", "#5b3b20", "#4f7fae", "#5c8a55", "#767c86"];
const ink = "#2a1d1a";

/** Eyes, brows, cheeks, nose and mouth. */
export function drawExpression(stream: RandomStream, person: Person): string {
  return (
    drawCheeks(stream, person) +
    drawEyes(stream, person) +
    drawBrows(stream, person) +
    drawNose(stream, person) +
    drawMouth(stream, person)
  );
}

function drawCheeks(stream: RandomStream, { mood, skin, rx }: Person): string {
  const blush = chance(stream, mood === "happy" ? 0.4 : 0.2)
    ? [-1, 1].map((side) => ellipse(side * rx * 0.56, 24, 15, 10, "#e0524f", { opacity: 0.28 })).join("")
    : "";
  const freckles = chance(stream, 0.15)
    ? several(14, () => {
        const x = pickSide(stream) * between(stream, rx * 0.2, rx * 0.7);
        return ellipse(x, between(stream, 8, 28), 1.8, 1.8, shade(skin, -0.4));
      })
    : "";
  const tears = chance(stream, mood === "sad" ? 0.25 : 0.02) ? drawTears(stream, rx) : "";
  return blush + freckles + tears;
}

function drawTears(stream: RandomStream, rx: number): string {
  return several(1 + stream.nextInteger(3), () => {
    const [x, y] = [pickSide(stream) * rx * between(stream, 0.4, 0.6), between(stream, 4, 34)];
    const size = between(stream, 5, 8);
    const drop = pathOf`M ${x} ${y} q ${-size} ${size * 1.4} 0 ${size * 2} q ${size} ${-size * 0.6} 0 ${-size * 2} z`;
    return shape(drop, "#9fd4f7", { stroke: "#5a9fd0", strokeWidth: 1.2 });
  });
}

function drawEyes(stream: RandomStream, person: Person): string {
  const gap = person.rx * between(stream, 0.36, 0.46);
  const y = between(stream, -16, -8);
  const size = between(stream, 9, 14);
  const eye = chance(stream, 0.22) ? closedEye(stream, person, size) : openEye(stream, person, size);
  return group(`translate(${-gap} ${y})`, eye) + group(`translate(${gap} ${y})`, eye);
}

/** The arc of a closed eye leans to the mood's side, but not always. */
function closedEye(stream: RandomStream, { direction }: Person, size: number): string {
  const bend = (chance(stream, 0.8) ? -direction : direction) * between(stream, 4, 9);
  return stroke(pathOf`M ${-size} 0 Q 0 ${bend * 1.6} ${size} 0`, ink, 3.6);
}

function openEye(stream: RandomStream, { skin }: Person, size: number): string {
  const height = size * between(stream, 0.6, 1);
  const [x, y] = [between(stream, -0.3, 0.3) * size, between(stream, -0.2, 0.2) * height];
  const iris = size * 0.55;
  return (
    ellipse(0, 0, size, height, "#fdfdfb", { stroke: shade(skin, -0.5), strokeWidth: 1.6 }) +
    ellipse(x, y, iris, iris, pick(stream, irises)) +
    ellipse(x, y, iris * 0.5, iris * 0.5, "#0d0a09") +
    ellipse(x - iris * 0.35, y - iris * 0.4, iris * 0.22, iris * 0.22, "#ffffff")
  );
}

/** Sad brows rise towards the nose and happy ones are arched, more often than not. */
function drawBrows(stream: RandomStream, { mood, strength, hair, rx }: Person): string {
  const telling = chance(stream, 0.9);
  const y = between(stream, -40, -34);
  const slant = between(stream, -4, 4) - (telling && mood === "sad" ? 14 * strength : 0);
  const arch = between(stream, 4, 8) + (telling && mood === "happy" ? 10 * strength : 0);
  const [inner, outer] = [rx * 0.2, rx * 0.68];
  const colour = shade(hair, -0.25);
  const width = between(stream, 3, 7);
  const brow = (side: number) =>
    pathOf`M ${side * inner} ${y + slant} Q ${(side * (inner + outer)) / 2} ${y - arch} ${side * outer} ${y - slant * 0.6}`;
  return stroke(brow(-1), colour, width) + stroke(brow(1), colour, width);
}

function drawNose(stream: RandomStream, { skin }: Person): string {
  const dark = shade(skin, -0.28);
  const side = pickSide(stream);
  const length = between(stream, 14, 24);
  return pick(stream, [
    () => stroke(pathOf`M 0 -2 Q ${side * 12} ${length} ${-side * 2} ${length}`, dark, 3),
    () => ellipse(0, length * 0.8, between(stream, 7, 11), 6, shade(skin, -0.16)),
    () => ellipse(-5, length, 2.4, 1.8, dark) + ellipse(5, length, 2.4, 1.8, dark),
    () => shape(pathOf`M 0 -4 L ${side * 11} ${length} L ${-side * 3} ${length} z`, shade(skin, -0.13)),
  ])();
}

/** The mouth bends down in the middle when happy and up when sad, by the person's strength. */
function drawMouth(stream: RandomStream, person: Person): string {
  const half = person.rx * between(stream, 0.46, 0.62);
  const bend = person.direction * person.strength * between(stream, 22, 30);
  const lip = lipColour(stream, person.skin);
  const mouth = pick(stream, [closedMouth, openMouth, openMouth, crookedMouth])(stream, half, bend, lip);
  return group(
    `translate(0 ${between(stream, 40, 48).toFixed(1)}) rotate(${between(stream, -6, 6).toFixed(1)})`,
    mouth,
  );
}

type Mouth = (stream: RandomStream, half: number, bend: number, lip: string) => string;

const closedMouth: Mouth = (stream, half, bend, lip) =>
  stroke(pathOf`M ${-half} ${-bend / 2} Q 0 ${bend * 1.5} ${half} ${-bend / 2}`, lip, between(stream, 3, 7));

const crookedMouth: Mouth = (stream, half, bend, lip) => {
  const tilt = between(stream, -6, 6);
  const shift = between(stream, -0.5, 0.5) * half;
  return stroke(
    pathOf`M ${-half} ${-bend / 2 - tilt} Q ${shift} ${bend * 1.5} ${half} ${-bend / 2 + tilt}`,
    lip,
    between(stream, 3, 6),
  );
};

/** Teeth follow the upper lip; the lower lip hangs below a smile and the upper one rises above a frown. */
const openMouth: Mouth = (stream, half, bend, lip) => {
  const opening = between(stream, 8, 20);
  const [above, below] = bend > 0 ? [0.6 * bend, 1.5 * bend + opening] : [1.5 * bend - opening, 0.6 * bend];
  const upper = pathOf`M ${-half} ${-bend / 2} Q 0 ${above} ${half} ${-bend / 2}`;
  const whole = `${upper} ${pathOf`Q 0 ${below} ${-half} ${-bend / 2}`} z`;
  const inside = element("clipPath", { id: "mouth" }, element("path", { d: whole }));
  const teeth = chance(stream, 0.6)
    ? element("g", { clipPath: "url(#mouth)" }, stroke(upper, "#fbf8f0", between(stream, 7, 12)))
    : "";
  return inside + shape(whole, "#4a1418") + teeth + shape(whole, "none", { stroke: lip, strokeWidth: 3 });
};
