import protobuf from "protobufjs/minimal.js";
import type { Model } from "../../core/model.ts";
import { dataTypes } from "./events.ts";
import { field, lengthDelimited, varint } from "./wire.ts";

const INPUT_CLASS = "InputLayer";

/**
 * A model as TensorFlow describes graphs (tensorflow/core/framework/graph.proto), a node a layer with the shapes that it gives. It
 * is what TensorBoard shows where nothing else is asked for: its page for graphs would open with an error if there were only
 * the model that Keras writes.
 */
export function graphDef(model: Model): Uint8Array {
  const { layers, description } = model;
  const input = inputNameFor(model);
  const graph = protobuf.Writer.create();
  writeNode(graph, { name: input, op: INPUT_CLASS, inputs: [], shape: description.inputShape });
  for (const { name, definition, inputs, outputShape } of layers) {
    const names = inputs.map((index) => (index < 0 ? input : layers[index].name));
    writeNode(graph, { name, op: definition.className, inputs: names, shape: outputShape });
  }
  return graph.finish();
}

function inputNameFor({ description, layers }: Model): string {
  let name = description.inputName ?? "input_layer";
  while (layers.some((layer) => layer.name === name)) name += "_";
  return name;
}

interface Node {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  /** Without the batch. */
  readonly shape: readonly number[];
}

function writeNode(graph: protobuf.Writer, { name, op, inputs, shape }: Node): void {
  graph.uint32(field(1, lengthDelimited)).fork();
  graph.uint32(field(1, lengthDelimited)).string(name);
  graph.uint32(field(2, lengthDelimited)).string(op);
  for (const input of inputs) graph.uint32(field(3, lengthDelimited)).string(input);
  writeAttribute(graph, "T", (value) => value.uint32(field(6, varint)).int32(dataTypes.float32));
  writeAttribute(graph, "_output_shapes", (value) => {
    value.uint32(field(1, lengthDelimited)).fork(); // a list with one shape
    value.uint32(field(7, lengthDelimited)).fork();
    for (const size of [-1, ...shape]) {
      value.uint32(field(2, lengthDelimited)).fork().uint32(field(1, varint)).int64(size).ldelim();
    }
    value.ldelim().ldelim();
  });
  graph.ldelim();
}

/** An entry of a map: its key, and an AttrValue. */
function writeAttribute(node: protobuf.Writer, key: string, write: (value: protobuf.Writer) => void): void {
  node.uint32(field(5, lengthDelimited)).fork();
  node.uint32(field(1, lengthDelimited)).string(key);
  node.uint32(field(2, lengthDelimited)).fork();
  write(node);
  node.ldelim().ldelim();
}
