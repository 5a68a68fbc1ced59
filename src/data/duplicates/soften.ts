import { GREY_SIDE } from "./fingerprint.ts";

/**
 * Copies a thumbnail, mirrored if asked, each pixel averaged with its neighbours (1 2 1 in both directions): what a resize and
 * a JPEG do to single pixels is no difference between two pictures.
 */
export function soften(grey: Uint8Array, mirrored: boolean, target: Uint8Array): void {
  const last = GREY_SIDE - 1;
  const row = (y: number) => Math.max(0, Math.min(last, y)) * GREY_SIDE;
  for (let y = 0; y < GREY_SIDE; y++) {
    const [above, own, below] = [row(y - 1), row(y), row(y + 1)];
    for (let x = 0; x < GREY_SIDE; x++) {
      const [left, right] = [Math.max(0, x - 1), Math.min(last, x + 1)];
      const down = (at: number) => grey[above + at] + 2 * grey[own + at] + grey[below + at];
      const sum = down(left) + 2 * down(x) + down(right);
      target[own + (mirrored ? last - x : x)] = (sum + 8) >> 4;
    }
  }
}
