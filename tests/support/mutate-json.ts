import type { RandomStream } from "../../src/util/random.ts";

/** What settings become in bad hands: absurd numbers, other kinds, other layers. */
const values: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  0.5,
  2 ** 31,
  1e300,
  "",
  "relu",
  "Conv2D",
  "Lambda",
  [],
  {},
  [1, 2, 3],
  [[null, 8, 8, 3]],
  { class_name: "Dense", config: { units: 3 } },
];

/** JSON with one or some of its values replaced, dropped or doubled. */
export function mutateJson(random: RandomStream, json: string): string {
  const document = { root: JSON.parse(json) as unknown };
  for (let times = 1 + random.nextInteger(3); times > 0; times--) {
    const places = placesIn(document);
    const [holder, key] = places[random.nextInteger(places.length)];
    const odd = values[random.nextInteger(values.length)];
    const kind = random.nextInteger(4);
    if (kind === 0) delete holder[key];
    else if (kind === 1) holder[key] = [holder[key], holder[key]];
    else holder[key] = odd;
  }
  return JSON.stringify(document.root) ?? "";
}

type Holder = Record<string, unknown>;

function placesIn(holder: Holder): [Holder, string][] {
  return Object.entries(holder).flatMap(([key, value]): [Holder, string][] => {
    const below = typeof value === "object" && value !== null ? placesIn(value as Holder) : [];
    return [[holder, key], ...below];
  });
}
