import { z } from "zod";
import { InputError } from "../../util/errors.ts";
import type { SavedModel } from "../saved-model.ts";
import type { ReadingOptions } from "../table.ts";
import { Call, type Reading, type Value } from "./reading/call.ts";
import { type Constant, readConstant } from "./reading/constant.ts";
import { decodeOnnx, type FileModel, type FileNode, type FileTensor } from "./reading/decode.ts";
import { asRowOf, type Feature } from "./reading/feature.ts";
import { GraphInput } from "./reading/graph-input.ts";
import { Network } from "./reading/network.ts";
import { NoEqual } from "./reading/no-equal.ts";
import { operators } from "./reading/operators.ts";
import { Refusals } from "./reading/refusals.ts";

/** What a graph may make of its weights: their own size a few times over, and a little. */
const budgetOf = (bytes: Uint8Array) => 1e6 + 4 * bytes.length;

/**
 * The classifier in an ONNX file: one input of images, channels first or last, one output. Every operator must have an equal
 * here; the layers come out with channels last. Class names and preprocessing are read as Fovea writes them into the metadata,
 * class names also as Ultralytics does.
 * @throws InputError `model.damaged`, `model.unsupported` that lists the operators without an equal, `model.open-size`
 */
export function readOnnx(bytes: Uint8Array, { imageSize }: ReadingOptions = {}): SavedModel {
  const file = decodeOnnx(bytes);
  const { values, reading, uses } = begin(file, imageSize, budgetOf(bytes));
  const refusals = new Refusals();
  for (const node of file.nodes) goThrough(node, reading, { values, uses, refusals });
  refusals.throwIfAny();
  const output = outputOf(file, reading, values);
  const { layers, weights, inputName } = reading.network.leadingTo(output);
  const inputShape = reading.input.shape;
  if (inputShape === undefined) throw damaged("no node that takes its input");
  const name = file.name.replace(/[^A-Za-z0-9]+/g, "_").replace(/^_+|_+$/g, "") || "model";
  return {
    description: { name, inputShape, ...(inputName !== undefined && { inputName }), layers },
    weights,
    ...saidOfPhotos(file, reading, inputShape),
    ...saidOfClasses(file),
  };
}

interface State {
  /** By name; undefined where a node that makes it has no equal. */
  readonly values: Map<string, Value | undefined>;
  readonly uses: ReadonlyMap<string, number>;
  readonly refusals: Refusals;
}

function begin(file: FileModel, imageSize: number | undefined, budget: number) {
  const weights = new Map(file.tensors.map((tensor) => [tensor.name, tensor]));
  const ports = file.inputs.filter(({ name }) => !weights.has(name)); // until 2019 weights were listed as inputs too
  if (ports.length !== 1)
    throw unsupported(`one input, found ${ports.map(({ name }) => `"${name}"`).join(", ") || "none"}`);
  if (file.outputs.length !== 1) throw unsupported(`one output, found ${file.outputs.length}`);
  const input = new GraphInput(ports[0], imageSize);
  const network = new Network(ports[0].name.replace(/[^A-Za-z0-9]+/g, "_") || "input", budget);
  const constant = (tensor: FileTensor): Constant => {
    const read = readConstant(tensor);
    network.spend(read.values.length);
    return read;
  };
  const values = new LazyValues(weights, constant);
  values.set(ports[0].name, input.value);
  const uses = new Map<string, number>();
  for (const name of [...file.nodes.flatMap(({ inputs }) => inputs), file.outputs[0].name])
    uses.set(name, (uses.get(name) ?? 0) + 1);
  const reading: Reading = { network, input, opset: file.opset, producer: file.producer, constant };
  return { values, uses, reading };
}

/** Weights are read when a node asks for them, once. */
class LazyValues extends Map<string, Value | undefined> {
  private readonly weights: ReadonlyMap<string, FileTensor>;
  private readonly read: (tensor: FileTensor) => Constant;

  constructor(weights: ReadonlyMap<string, FileTensor>, read: (tensor: FileTensor) => Constant) {
    super();
    this.weights = weights;
    this.read = read;
  }

  override has(name: string): boolean {
    return super.has(name) || this.weights.has(name);
  }

  override get(name: string): Value | undefined {
    const tensor = super.has(name) ? undefined : this.weights.get(name);
    if (tensor) this.set(name, this.read(tensor));
    return super.get(name);
  }
}

function goThrough(node: FileNode, reading: Reading, { values, uses, refusals }: State): void {
  const operator = node.domain === "" ? operators.get(node.operator) : undefined;
  for (const name of node.outputs) values.set(name, undefined);
  if (operator === undefined) {
    refusals.add(node);
    return;
  }
  const unknown = node.inputs.find((name) => name !== "" && !values.has(name));
  if (unknown !== undefined) throw damaged(`"${unknown}", which nothing makes before it is taken`);
  try {
    const inputs = node.inputs.map((name) => (name === "" ? undefined : values.get(name)));
    if (node.inputs.some((name, i) => name !== "" && inputs[i] === undefined)) return; // of a node that is refused already
    const made = [operator(new Call(reading, node, inputs))].flat();
    const missing = node.outputs.findIndex((name, i) => uses.has(name) && made[i] === undefined);
    if (missing >= 0) throw new NoEqual(`output ${missing}`);
    for (const [i, value] of made.entries()) {
      const name = node.outputs[i];
      const exclusive = value.kind === "feature" && value.exclusive && uses.get(name) === 1;
      values.set(name, value.kind === "feature" ? { ...value, exclusive } : value);
    }
  } catch (error) {
    if (!(error instanceof NoEqual)) throw error;
    refusals.add(node, error.message);
  }
}

/** One row an image, as the last layer makes it. */
function outputOf(
  { outputs: [{ name }] }: FileModel,
  { network }: Reading,
  values: State["values"],
): Feature {
  const value = values.get(name);
  if (value?.kind !== "feature")
    throw unsupported(`an output "${name}" that follows from the images, found none`);
  const long = value.shape.filter((side) => side > 1);
  const row = long.length > 1 ? undefined : asRowOf(value);
  if (row === undefined)
    throw unsupported(`one row of numbers an image, found the output ${value.shape.join("x")}`);
  return network.shapeLayer(row);
}

function saidOfPhotos(
  { metadata }: FileModel,
  { input: { rule } }: Reading,
  shape: readonly [number, number, number],
) {
  const said = objectIn(metadata.preprocessing);
  if (rule === undefined) return said && { preprocessing: said };
  const { scale, offset, resized } = rule;
  const [height, width, channels] = shape;
  const colorMode = channels === 1 ? "grayscale" : "rgb";
  const how = resized && { resize: "stretch", interpolation: "bilinear", antialias: resized.antialias };
  return { preprocessing: { ...said, height, width, colorMode, ...how, scale, offset } };
}

const textsSchema = z.array(z.string());

function saidOfClasses({ metadata }: FileModel): { classes?: readonly string[] } {
  const { data: classes } = textsSchema.safeParse(parsed(metadata.classes));
  const names = classes ?? namesIn(metadata.names);
  return names && names.length > 0 ? { classes: names } : {};
}

/** As Ultralytics writes them: `{0: 'cat', 1: "dog's"}`. */
function namesIn(text = ""): string[] | undefined {
  const found = [...text.matchAll(/(\d+): (?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")/g)];
  return found.every(([, index], i) => Number(index) === i)
    ? found.map(([, , a, b]) => a ?? b ?? "")
    : undefined;
}

function objectIn(text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  const { data } = z.record(z.string(), z.unknown()).safeParse(parsed(text));
  return data;
}

function parsed(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined; // others may have called something else so
  }
}

const damaged = (found: string) =>
  new InputError("model.damaged", `Expected a whole ONNX graph, found ${found}`);
const unsupported = (what: string) =>
  new InputError("model.unsupported", `Expected an ONNX model with ${what}`);
