/** Fingerprints of pictures that do not exist: sums of waves that fade as those of photographs do (1/f), some planted twice. */
import { seeded } from "./plant-duplicates.mjs";

const SIDE = 32;
const WAVES = 24;

/**
 * `count` thumbnails, and `planted` more, each a part of an earlier one: up to 8 % off each edge, mirrored or not, with noise.
 * `pairs` says which.
 */
export function drawFingerprints(count, planted, seed = 1) {
  const random = seeded(seed);
  const chosen = new Map();
  while (chosen.size < planted) chosen.set(Math.floor(random() * count), undefined);
  const fingerprints = [];
  const copies = [];
  for (let i = 0; i < count; i++) {
    const waves = drawWaves(random);
    fingerprints.push(render(waves, [0, 1, 0, 1], random, 0));
    if (!chosen.has(i)) continue;
    const cut = () => 0.08 * random();
    const [left, right] = [cut(), 1 - cut()];
    const across = random() < 0.5 ? [left, right] : [right, left]; // turned about: mirrored
    copies.push({ of: i, copy: render(waves, [...across, cut(), 1 - cut()], random, 3) });
  }
  const pairs = copies.map(({ of, copy }) => [of, fingerprints.push(copy) - 1]);
  return { fingerprints, pairs };
}

function drawWaves(random) {
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Float64Array.from({ length: WAVES * WAVES }, (_, i) => {
    const frequency = Math.hypot(i % WAVES, Math.floor(i / WAVES));
    return frequency === 0 ? 0 : normal() / frequency ** 1.2;
  });
}

/** The part of the plane between these edges. */
function render(waves, [left, right, top, bottom], random, noise) {
  const columns = cosines(left, right);
  const rows = cosines(top, bottom);
  const half = new Float64Array(WAVES * SIDE);
  for (let v = 0; v < WAVES; v++)
    for (let u = 0; u < WAVES; u++)
      for (let x = 0; x < SIDE; x++) half[v * SIDE + x] += waves[v * WAVES + u] * columns[u * SIDE + x];
  const plane = new Float64Array(SIDE * SIDE);
  for (let v = 0; v < WAVES; v++)
    for (let y = 0; y < SIDE; y++)
      for (let x = 0; x < SIDE; x++) plane[y * SIDE + x] += rows[v * SIDE + y] * half[v * SIDE + x];
  const grey = Uint8Array.from(plane, (value) =>
    Math.max(0, Math.min(255, 128 + 30 * value + noise * (random() - 0.5))),
  );
  return { grey };
}

function cosines(begin, end) {
  return Float64Array.from({ length: WAVES * SIDE }, (_, i) => {
    const place = begin + ((end - begin) * ((i % SIDE) + 0.5)) / SIDE;
    return Math.cos(Math.PI * Math.floor(i / SIDE) * place);
  });
}
