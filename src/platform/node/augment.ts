import { availableParallelism } from "node:os";
import { type Addon, loadAddon } from "../../backends/native/addon.ts";
import { type ChangeImages, changeOneByOne } from "../../data/augment/augment-batch.ts";
import type { Change, ImageKind } from "../../data/augment/augmentation.ts";

/** What the native addon makes of changes to images, on all cores; undefined where the addon cannot be had. */
export function nativeChangeImages(): ChangeImages | undefined {
  const addon = loadAddon();
  if ("unavailable" in addon) return undefined;
  return async (images, kind, changes) => {
    const known = changes.map((each) => each.every(({ numbers }) => numbers !== undefined));
    await changeNatively(
      addon,
      images,
      kind,
      changes.map((each, row) => (known[row] ? each : [])),
    );
    if (!known.every(Boolean))
      await changeOneByOne(
        images,
        kind,
        changes.map((each, row) => (known[row] ? [] : each)),
      );
  };
}

/** As many stretches of images at once as there are cores. */
async function changeNatively(
  addon: Addon,
  images: Float32Array,
  { height, width, channels, valueRange }: ImageKind,
  changes: readonly (readonly Change[])[],
): Promise<void> {
  const length = height * width * channels;
  const stretch = Math.ceil(changes.length / availableParallelism());
  const starts = Array.from({ length: Math.ceil(changes.length / stretch) }, (_, index) => index * stretch);
  const done = await Promise.all(
    starts.map((start) => {
      const part = changes.slice(start, start + stretch);
      const numbers = part.flatMap((each) => [
        each.length,
        ...each.flatMap((change) => change.numbers ?? []),
      ]);
      const own = images.subarray(start * length, (start + part.length) * length);
      return addon.augment(own, height, width, channels, ...valueRange, Float64Array.from(numbers));
    }),
  );
  if (!done.every(Boolean)) throw new RangeError(`No memory to change pictures of ${height}x${width}`);
}
