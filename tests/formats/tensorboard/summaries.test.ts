import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { buildModel, type Model } from "../../../src/core/model.ts";
import { fromModelConfig } from "../../../src/formats/keras/model-config.ts";
import { writeSummary, writeVersion } from "../../../src/formats/tensorboard/events.ts";
import { graphDef } from "../../../src/formats/tensorboard/graph-def.ts";
import { histogramBuckets } from "../../../src/formats/tensorboard/histogram.ts";
import { sessionEnd, sessionStart } from "../../../src/formats/tensorboard/hparams.ts";
import { modelGraph } from "../../../src/formats/tensorboard/model-graph.ts";
import { readSummaries, type SummaryEvent } from "../../../src/formats/tensorboard/read-events.ts";
import { histogramSummary, imageSummary, modelSummary } from "../../../src/formats/tensorboard/summaries.ts";
import { batchScalars, weightTags } from "../../../src/formats/tensorboard/tags.ts";
import { type Field, readFields } from "../../../src/formats/tensorboard/wire.ts";
import { withoutPauses } from "../../../src/util/pauses.ts";

type GraphName = "sequential" | "residual";

/** Made by make_tensorboard.py: what Keras 3 and TensorFlow write. */
const keras: {
  readonly files: Record<"train" | "validation" | "hparams" | "images", string>;
  readonly weights: readonly (readonly [path: string, values: readonly number[]])[][];
  readonly graphs: Record<
    GraphName,
    {
      readonly json: unknown;
      readonly nodes: readonly (readonly [name: string, op: string, inputs: readonly string[]])[];
    }
  >;
} = JSON.parse(readFileSync(new URL("../../fixtures/formats/tensorboard.json", import.meta.url), "utf8"));

const bytesOf = (file: keyof typeof keras.files) => new Uint8Array(Buffer.from(keras.files[file], "base64"));
const modelOf = (name: GraphName): Model =>
  buildModel(fromModelConfig(keras.graphs[name].json, name).description);
const bucketsOf = (values: ArrayLike<number>) => withoutPauses(histogramBuckets(Float32Array.from(values)));

describe.each(["train", "validation", "hparams", "images"] as const)("the file %s", (name) => {
  it("is read, and written again to the same bytes", () => {
    const bytes = bytesOf(name);
    const version = bytes.subarray(0, writeVersion(0).length);
    const wallTime = new DataView(bytes.buffer).getFloat64(13, true); // behind the header and the field's number
    const records = readSummaries(bytes).map((event) => writeSummary(event, event.step, event.wallTime));
    expect(version).toEqual(writeVersion(wallTime));
    expect(new Uint8Array(Buffer.concat([version, ...records]))).toEqual(bytes);
  });
});

const histogramsOf = (step: number) =>
  readSummaries(bytesOf("train")).filter(
    (event) => event.plugin.name === "histograms" && event.step === step,
  );

describe("histograms", () => {
  it.each([0, 1])("of the weights after epoch %i are Keras's, to the bit and under its tags", (epoch) => {
    const model = modelOf("sequential");
    const tags = weightTags(model);
    const written = keras.weights[epoch].map(([, values], i) =>
      histogramSummary(tags[i]!, bucketsOf(values)),
    );
    const expected = histogramsOf(epoch).map(({ tag, plugin, tensor }) => ({ tag, plugin, tensor }));
    expect(written).toEqual(expected);
  });

  it("of equal numbers have all in the last bucket", () => {
    const buckets = bucketsOf([0.5, 0.5, 0.5]);
    expect([...buckets.subarray(0, 3)]).toEqual([0.5, 0.5, 0]);
    expect([...buckets.subarray(87)]).toEqual([0.5, 0.5, 3]);
  });

  it("leave out what is not finite", () => {
    const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    expect(bucketsOf([...odd, 1, 2, 4])).toEqual(bucketsOf([1, 2, 4]));
    expect(bucketsOf(odd)).toEqual(new Float64Array(90));
    expect(bucketsOf([])).toEqual(new Float64Array(90));
  });

  it("count every number once, more than fit in one piece of work", () => {
    const values = Float32Array.from({ length: (1 << 19) + 3 }, (_, i) => Math.sin(i));
    const buckets = bucketsOf(values);
    const counts = Array.from({ length: 30 }, (_, i) => buckets[i * 3 + 2]!);
    expect(counts.reduce((sum, count) => sum + count)).toBe(values.length);
    const middle = values.filter((value) => value >= buckets[45]! && value < buckets[46]!).length;
    expect(counts[15]).toBe(middle);
  });
});

it("weights in a graph stand under their layers alone, as in Keras", () => {
  expect(weightTags(modelOf("residual"))[0]).toBe("conv2d/kernel/histogram");
});

it("batches have the tags that Keras gives them, every second one where that is asked for", () => {
  const events = readSummaries(bytesOf("train")).filter(({ tag }) => tag.startsWith("batch_"));
  const tags = batchScalars({ accuracy: 0.5, loss: 1 }).map(({ tag }) => tag);
  expect(events.map(({ tag, step }) => [tag, step])).toEqual(
    [2, 4, 6, 8].flatMap((step) => tags.map((tag) => [tag, step])),
  );
});

describe("a model's graph", () => {
  interface Layer {
    readonly class_name: string;
    readonly config: { readonly name: string };
    readonly inbound_nodes?: readonly { readonly args: unknown }[];
  }
  /** What TensorBoard reads of it (plugins/graph/keras_util.py). */
  const readGraph = (graph: unknown) => {
    const { class_name, config } = graph as { class_name: string; config: { name: string; layers: Layer[] } };
    const layers = config.layers.map(({ class_name: layerClass, config: { name }, inbound_nodes }) => [
      layerClass,
      name,
      inbound_nodes?.map(({ args }) => args),
    ]);
    return { class_name, name: config.name, layers };
  };

  it.each(["sequential", "residual"] as const)("of the %s model has Keras's layers and edges", (name) => {
    expect(readGraph(modelGraph(modelOf(name)))).toEqual(readGraph(keras.graphs[name].json));
  });

  it("has Keras's tag and plugin", () => {
    const [event] = readSummaries(bytesOf("train"));
    const { tag, plugin, tensor } = modelSummary(modelOf("sequential"));
    expect({ tag, plugin, shape: tensor.shape }).toEqual({
      tag: event!.tag,
      plugin: event!.plugin,
      shape: event!.tensor.shape,
    });
    const [text] = tensor.content as Uint8Array[];
    expect(JSON.parse(new TextDecoder().decode(text))).toEqual(modelGraph(modelOf("sequential")));
  });
});

describe("a graph's nodes", () => {
  const textsOf = (fields: readonly Field[], wanted: number) =>
    fields
      .filter(({ number }) => number === wanted)
      .map(({ value }) => new TextDecoder().decode(value as Uint8Array));
  const nodesIn = (graph: Uint8Array) =>
    readFields(graph).map(({ value }) => {
      const node = readFields(value as Uint8Array);
      return [textsOf(node, 1)[0], textsOf(node, 2)[0], textsOf(node, 3)];
    });

  it.each([
    "sequential",
    "residual",
  ] as const)("of the %s model are those that TensorBoard finds in Keras's", (name) => {
    const expected = keras.graphs[name].nodes.map(([node, op, inputs]) => [
      node.split("/")[1],
      op,
      inputs.map((input) => input.split("/")[1]),
    ]);
    const nodes = nodesIn(graphDef(modelOf(name)));
    expect(nodes).toEqual(expected);
  });
});

const summaryOf = ({ step: _, wallTime: __, ...summary }: SummaryEvent) => summary;

it("hyperparameters and the end of a run are those of TensorBoard's callback for Keras", () => {
  const [start, end] = readSummaries(bytesOf("hparams"));
  const startTime = timeIn(start!);
  const endTime = timeIn(end!);
  expect(sessionStart({ learning_rate: 0.002 }, "a trial", startTime)).toEqual(summaryOf(start!));
  expect(sessionEnd(endTime)).toEqual(summaryOf(end!));
});

/** The time is the last field of both messages. */
function timeIn({ plugin: { content } }: SummaryEvent): number {
  return new DataView(content!.slice().buffer).getFloat64(content!.length - 8, true);
}

it("a picture is TensorFlow's, but for the way that its PNG is packed", () => {
  const [event] = readSummaries(bytesOf("images"));
  const png = event!.tensor.content[2] as Uint8Array;
  expect(imageSummary("epoch_confusion_matrix", { width: 7, height: 5, png })).toEqual(summaryOf(event!));
});
