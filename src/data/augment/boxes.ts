import type { RandomStream } from "../../util/random.ts";
import type { ImageKind } from "./augmentation.ts";

/** In pixels, which need not be whole: a pixel belongs to it where its row and column do. Ends are left out. */
export interface FractionalBox {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

/** A box of these shares of the width and height, anywhere in the image, as Keras's RandomErasing and CutMix draw it. */
export function drawBox(
  random: RandomStream,
  acrossShare: number,
  downShare: number,
  { height, width }: ImageKind,
): FractionalBox {
  const [across, down] = [acrossShare * width, downShare * height];
  const left = random.nextFloat32() * (width - across);
  const top = random.nextFloat32() * (height - down);
  return { top, bottom: top + down, left, right: left + across };
}

export function isInside({ top, bottom, left, right }: FractionalBox, row: number, column: number): boolean {
  return row >= top && row < bottom && column >= left && column < right;
}
