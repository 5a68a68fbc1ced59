import type { Model } from "../../core/model.ts";
import type { Summary } from "./events.ts";
import { modelGraph } from "./model-graph.ts";

/** Values as the plugins of TensorBoard expect them. */

/** A point of a curve. */
export function scalarSummary(tag: string, value: number): Summary {
  return { tag, plugin: { name: "scalars" }, tensor: { shape: [], content: Float32Array.of(value) } };
}

/** `buckets` is [buckets, 3]: left edge, right edge and count of each, as `histogramBuckets` gives them. */
export function histogramSummary(tag: string, buckets: Float64Array): Summary {
  return {
    tag,
    plugin: { name: "histograms" },
    tensor: { shape: [buckets.length / 3, 3], content: buckets },
  };
}

export interface PngImage {
  readonly width: number;
  readonly height: number;
  readonly png: Uint8Array;
}

/** One picture. */
export function imageSummary(tag: string, { width, height, png }: PngImage): Summary {
  const content = [encode(String(width)), encode(String(height)), png];
  return { tag, plugin: { name: "images" }, tensor: { shape: [content.length], content } };
}

/** The model, for the graph that TensorBoard calls conceptual; tag and version are Keras's. */
export function modelSummary(model: Model): Summary {
  const content = [encode(JSON.stringify(modelGraph(model)))];
  return {
    tag: "keras",
    plugin: { name: "graph_keras_model", content: encode("1") },
    tensor: { shape: [], content },
  };
}

const encode = (text: string) => new TextEncoder().encode(text);
