import type { PixelImage } from "./image.ts";
import { type Box, placementOf } from "./placement.ts";
import type { Preprocessing } from "./preprocessing.ts";
import { resizeBilinear } from "./resize-bilinear.ts";
import { resizeBySpans } from "./resize-spans.ts";
import { rowsOf, type TakeRow } from "./rows.ts";
import { type Spans, spansFor } from "./spans.ts";

export type ResizeRule = Pick<Preprocessing, "height" | "width" | "resize" | "interpolation" | "antialias">;

/**
 * Resizes as Keras and `tf.image.resize` do. Writes height * width * channels floats to `target`, rows from the top, channels last;
 * nothing is rounded to bytes, and what bicubic and Lanczos give beyond 0 and 255 is left.
 */
export function resize(image: PixelImage, rule: ResizeRule, target: Float32Array): void {
  const { from, to } = placementOf(rule.resize, image, rule);
  if (to.height < rule.height || to.width < rule.width) target.fill(0);
  const place: TakeRow = (row, y) => target.set(row, ((to.top + y) * rule.width + to.left) * image.channels);
  const source = rowsOf(image, from);
  const spans = spansOf(rule, from, to);
  if (spans) resizeBySpans(source, spans.rows, spans.columns, place);
  else resizeBilinear(source, to.height, to.width, place);
}

/**
 * The weights along both axes; undefined where each output lies between two neighbours (bilinear without antialias, or where
 * nothing becomes smaller), which is what most models are trained with, and has a faster way of its own, to TensorFlow's bits.
 */
export function spansOf(
  { interpolation, antialias }: Pick<ResizeRule, "interpolation" | "antialias">,
  from: Box,
  to: Box,
): { readonly rows: Spans; readonly columns: Spans } | undefined {
  const enlarged = from.height <= to.height && from.width <= to.width;
  if (interpolation === "bilinear" && (!antialias || enlarged)) return undefined;
  return {
    rows: spansFor(interpolation, antialias, from.height, to.height),
    columns: spansFor(interpolation, antialias, from.width, to.width),
  };
}
