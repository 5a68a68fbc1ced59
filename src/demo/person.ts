import type { RandomStream } from "../util/random.ts";
import { between } from "./choices.ts";
import { hairColour, skinColour } from "./colours.ts";

export const moods = ["happy", "sad"] as const;
export type Mood = (typeof moods)[number];

/**
 * What all parts of one drawn face share. The middle of the head is at (0, 0), a head is about 140 units wide and
 * 170 high, and y grows downwards.
 */
export interface Person {
  readonly mood: Mood;
  /** 1 for happy, -1 for sad. */
  readonly direction: 1 | -1;
  /** How much of the mood is shown, in (0, 1]. */
  readonly strength: number;
  readonly skin: string;
  readonly hair: string;
  /** Half the head's width and height. */
  readonly rx: number;
  readonly ry: number;
}

export function drawPerson(stream: RandomStream, mood: Mood): Person {
  return {
    mood,
    direction: mood === "happy" ? 1 : -1,
    strength: between(stream, 0.65, 1),
    skin: skinColour(stream),
    hair: hairColour(stream),
    rx: between(stream, 60, 76),
    ry: between(stream, 76, 92),
  };
}
