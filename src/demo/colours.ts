import type { RandomStream } from "../util/random.ts";
import { between, chance, pick } from "./choices.ts";

const skins = [
  "#fbe0cf",
  "#f6cfae",
  "#eebf98",
  "#dca57c",
  "#c68a5f",
  "#a86f48",
  "#8a5637",
  "#6b4029",
  "#4d2e1f",
];
const comicSkins = ["#ffd43b", "#9fd86b", "#7cc7e8", "#d9a7f0", "#ff9d7a"];
const hairs = [
  "#1b1614",
  "#33231b",
  "#5a3a24",
  "#84552f",
  "#b98544",
  "#e0bf78",
  "#a8441f",
  "#8f8f93",
  "#e6e4e0",
];
const dyedHairs = ["#d94f8c", "#3f6fd1", "#2f9e7a", "#7a4fc9"];

/** The colour moved towards black (amount -1) or white (amount 1). Colours are "#rrggbb". */
export function shade(colour: string, amount: number): string {
  const target = amount < 0 ? 0 : 255;
  const part = Math.abs(amount);
  return toHex(channelsOf(colour).map((value) => value + (target - value) * part));
}

export function skinColour(stream: RandomStream): string {
  const colour = pick(stream, chance(stream, 0.07) ? comicSkins : skins);
  return shade(colour, between(stream, -0.08, 0.08));
}

export function hairColour(stream: RandomStream): string {
  const colour = pick(stream, chance(stream, 0.1) ? dyedHairs : hairs);
  return shade(colour, between(stream, -0.15, 0.12));
}

/** Darker than a pale skin, redder and mostly lighter than a dark one. */
export function lipColour(stream: RandomStream, skin: string): string {
  const [red, green, blue] = channelsOf(skin);
  const pale = red + green + blue > 3 * 100;
  return pick(
    stream,
    pale
      ? ["#9c3b3a", "#7a2d2f", "#b8423f", "#2a1d1a", shade(skin, -0.55)]
      : ["#d9847c", "#c25a57", "#1d1110"],
  );
}

/** Any hue; saturation and lightness in [0, 1]. */
export function anyColour(stream: RandomStream, saturation: number, lightness: number): string {
  const hue = between(stream, 0, 12);
  const reach = saturation * Math.min(lightness, 1 - lightness);
  const channel = (offset: number) => {
    const k = (offset + hue) % 12;
    return 255 * (lightness - reach * Math.max(-1, Math.min(k - 3, 9 - k, 1)));
  };
  return toHex([channel(0), channel(8), channel(4)]);
}

/** A colour for a wall or a shirt: any hue, from pale to dark, from dull to loud. */
export function clothColour(stream: RandomStream): string {
  return anyColour(stream, between(stream, 0.1, 0.75), between(stream, 0.22, 0.85));
}

function channelsOf(colour: string): number[] {
  return [1, 3, 5].map((start) => Number.parseInt(colour.slice(start, start + 2), 16));
}

function toHex(channels: readonly number[]): string {
  return `#${channels.map((value) => Math.round(value).toString(16).padStart(2, "0")).join("")}`;
}
