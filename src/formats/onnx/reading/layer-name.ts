import type { FileNode } from "./decode.ts";

/** What a layer's weights are called behind the layer's own name. */
const weightEnding = /[./](?:weight|kernel|gamma|scale|depthwise_kernel)$/;

/**
 * A name for people: "layer1_0_conv1" of the weight "layer1.0.conv1.weight" or the node "/layer1/layer1.0/conv1/Conv",
 * "max_pooling2d" where the graph says nothing. Of Fovea's own files the layers' names as they were.
 */
export function layerName(node: FileNode, producer: string, className: string, weight?: number): string {
  const label = node.name || node.outputs[0] || "";
  if (producer === "fovea") return label.split("/", 1)[0] || kerasName(className);
  const weightName = weight === undefined ? "" : (node.inputs[weight] ?? "");
  const path = weightEnding.test(weightName)
    ? weightName.replace(weightEnding, "")
    : scopeOf(label, node.operator);
  const name = path.replace(/[^A-Za-z0-9]+/g, "_").replace(/^_+|_+$/g, "");
  return /^[A-Za-z]/.test(name) && name.length <= 100 ? name : kerasName(className);
}

/** Without the operator behind it, and without scopes that the next one repeats ("layer1/layer1.0"). */
function scopeOf(label: string, operator: string): string {
  const parts = label.split("/").filter((part) => part !== "");
  const isOperator = (part: string) =>
    part.toLowerCase().replace(/^node_|_?\d+$/g, "") === operator.toLowerCase();
  if (parts.length > 0 && isOperator(parts[parts.length - 1])) parts.pop();
  return parts.filter((part, i) => !parts[i + 1]?.startsWith(`${part}.`)).join("_");
}

/** `MaxPooling2D` as Keras would call the first of its kind: `max_pooling2d`. */
function kerasName(className: string): string {
  return className.replace(/(?<=[a-z0-9])(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z])/g, "_").toLowerCase();
}
