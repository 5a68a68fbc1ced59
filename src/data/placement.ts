import type { ResizeMode } from "./preprocessing.ts";

interface Size {
  readonly height: number;
  readonly width: number;
}

/** A part of a picture, in its pixels. */
export interface Box extends Size {
  readonly top: number;
  readonly left: number;
}

/** Which part of a picture is resized, and where in the target it comes to lie; the rest of the target is black. */
export interface Placement {
  readonly from: Box;
  readonly to: Box;
}

/**
 * How a picture meets a target of another aspect, as Keras's `image_dataset_from_directory` has it: all of it stretched; the
 * largest part in its middle that has the target's aspect (`crop_to_aspect_ratio`, `smart_resize`); or all of it in the target's
 * middle (`pad_to_aspect_ratio`, `tf.image.resize_with_pad`). The float32 arithmetic and where odd differences go are theirs.
 *
 * @see https://github.com/keras-team/keras/blob/v3.15.1/keras/src/utils/image_utils.py
 * @see https://github.com/tensorflow/tensorflow/blob/v2.21.0/tensorflow/python/ops/image_ops_impl.py
 */
export function placementOf(mode: ResizeMode, image: Size, target: Size): Placement {
  if (mode === "crop") return { from: croppedBox(image, target), to: whole(target) };
  return { from: whole(image), to: mode === "pad" ? paddedBox(image, target) : whole(target) };
}

const { floor, fround, max, min } = Math;

const whole = ({ height, width }: Size): Box => ({ top: 0, left: 0, height, width });

function croppedBox(image: Size, target: Size): Box {
  const side = (limit: number, other: number, targetSide: number, targetOther: number) =>
    max(min(limit, floor(fround(fround(other * targetSide) / targetOther))), 1);
  const height = side(image.height, image.width, target.height, target.width);
  const width = side(image.width, image.height, target.width, target.height);
  return { top: (image.height - height) >> 1, left: (image.width - width) >> 1, height, width };
}

/** TensorFlow refuses a picture so long that a side of it vanishes; here one pixel is left. */
function paddedBox(image: Size, target: Size): Box {
  const ratio = max(fround(image.width / target.width), fround(image.height / target.height));
  const side = (size: number, limit: number) => {
    const exact = fround(size / ratio);
    return {
      size: max(min(floor(exact), limit), 1),
      before: max(floor(fround(fround(limit - exact) / 2)), 0),
    };
  };
  const [rows, columns] = [side(image.height, target.height), side(image.width, target.width)];
  return { top: rows.before, left: columns.before, height: rows.size, width: columns.size };
}
