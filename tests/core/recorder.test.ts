import { describe, expect, it } from "vitest";
import { relu, sigmoid } from "../../src/core/operations/activations.ts";
import { conv2d } from "../../src/core/operations/convolution.ts";
import { addBias, matmul } from "../../src/core/operations/dense.ts";
import { add } from "../../src/core/operations/elementwise.ts";
import { sigmoidCrossEntropy } from "../../src/core/operations/losses.ts";
import { maxPool2d } from "../../src/core/operations/pooling.ts";
import { planMemory } from "../../src/core/plan.ts";
import { Recorder } from "../../src/core/recorder.ts";

/** A dense layer of two outputs and its loss. */
function recordDense() {
  const recorder = new Recorder(1024);
  const x = recorder.input("x", [3, 5]);
  const kernel = recorder.state([5, 2], 0);
  const bias = recorder.state([2], 16);
  const product = recorder.apply(matmul, { x, kernel }, {}).y;
  const logits = recorder.apply(addBias, { x: product, bias }, {}).y;
  const labels = recorder.input("labels", [3, 2]);
  const { loss } = recorder.apply(sigmoidCrossEntropy, { x: logits, labels }, {});
  return { recorder, x, kernel, bias, product, logits, labels, loss };
}

const names = (recorder: Recorder) => recorder.finish().nodes.map(({ operation }) => operation);

describe("tensors", () => {
  it("an input, or a part of the state, asked for again is the same tensor", () => {
    const { recorder, x, kernel } = recordDense();
    expect(recorder.input("x", [3, 5])).toBe(x);
    expect(() => recorder.input("x", [5, 3])).toThrow(
      'Expected input "x" to be float32 3x5, found float32 5x3',
    );
    expect(() => recorder.input("x", [3, 5], "uint8")).toThrow("found uint8 3x5");
    expect(recorder.state([5, 2], 0)).toBe(kernel);
    expect(recorder.state([2, 5], 0)).not.toBe(kernel);
    expect(recorder.state([5, 2], 32)).not.toBe(kernel);
  });

  it("takes shapes and types from the operation", () => {
    const recorder = new Recorder(0);
    const window = {
      strideHeight: 2,
      strideWidth: 2,
      padTop: 0,
      padLeft: 0,
      outputHeight: 3,
      outputWidth: 2,
    };
    const x = recorder.input("x", [2, 6, 4, 3]);
    const { y, position } = recorder.apply(maxPool2d, { x }, { poolHeight: 2, poolWidth: 2, ...window });
    expect(y).toMatchObject({ shape: [2, 3, 2, 3], dtype: "float32", buffer: { byteLength: 144 } });
    expect(position).toMatchObject({ shape: [2, 3, 2, 3], dtype: "uint8" });
    const kernel = recorder.input("kernel", [2, 2, 3, 7]);
    expect(recorder.apply(conv2d, { x, kernel }, window).y.shape).toEqual([2, 3, 2, 7]);
  });

  it("writes inputs, outputs and attributes in the operation's order, and nothing else", () => {
    const recorder = new Recorder(0);
    const [x, kernel] = [recorder.input("x", [1, 2, 2, 1]), recorder.input("kernel", [1, 1, 1, 1])];
    const attributes = {
      unknown: 9,
      outputWidth: 2,
      outputHeight: 2,
      padLeft: 0,
      padTop: 0,
      strideWidth: 1,
      strideHeight: 1,
    };
    const { y } = recorder.apply(conv2d, { kernel, x }, attributes);
    const [node] = recorder.finish().nodes;
    expect(node!.inputs).toEqual([x, kernel]);
    expect(node!.outputs).toEqual([y]);
    expect(Object.keys(node!.attributes)).toEqual([...conv2d.attributes]);
  });

  it("views share memory and must have as many elements", () => {
    const { recorder, logits } = recordDense();
    const view = recorder.view(logits, [6]);
    expect(view.buffer).toBe(logits.buffer);
    expect(recorder.producer(recorder.view(view, [2, 3]))?.operation).toBe("addBias");
    expect(() => recorder.view(logits, [5])).toThrow("Cannot view 3x2 as 5");
  });

  it("knows who made a tensor; no one made inputs and state", () => {
    const { recorder, x, kernel, loss } = recordDense();
    expect(recorder.producer(loss)?.operation).toBe("sigmoidCrossEntropy");
    expect(recorder.producer(x)).toBeUndefined();
    expect(recorder.producer(kernel)).toBeUndefined();
  });
});

describe("differentiate", () => {
  it("records no gradient that no one asked for", () => {
    const { recorder, kernel, loss } = recordDense();
    recorder.differentiate(loss, [kernel]);
    expect(names(recorder).slice(3)).toEqual(["sigmoidCrossEntropyGradient", "matmulKernelGradient"]);
  });

  it("returns gradients in the order of the targets, of their shapes", () => {
    const { recorder, x, kernel, bias, loss } = recordDense();
    const gradients = recorder.differentiate(loss, [bias, x, kernel]);
    expect(gradients.map((gradient) => recorder.producer(gradient)?.operation)).toEqual([
      "biasGradient",
      "matmulInputGradient",
      "matmulKernelGradient",
    ]);
    expect(gradients.map(({ shape }) => shape)).toEqual([[2], [3, 5], [5, 2]]);
  });

  it("differentiates by what lies in between", () => {
    const { recorder, logits, product, loss } = recordDense();
    const [byLogits, byProduct] = recorder.differentiate(loss, [logits, product]);
    expect(byLogits).toBe(byProduct);
    expect(names(recorder).slice(3)).toEqual(["sigmoidCrossEntropyGradient"]);
  });

  it("adds up over repeated use, once for each use after the first", () => {
    const recorder = new Recorder(0);
    const x = recorder.input("x", [2, 3]);
    const twice = recorder.apply(add, { a: x, b: x }, {}).y;
    const thrice = recorder.apply(add, { a: twice, b: x }, {}).y;
    const labels = recorder.input("labels", [2, 3]);
    const { loss } = recorder.apply(sigmoidCrossEntropy, { x: thrice, labels }, {});
    recorder.differentiate(loss, [x]);
    expect(names(recorder).slice(3)).toEqual(["sigmoidCrossEntropyGradient", "add", "add"]);
  });

  it("leaves out branches that the loss does not depend on", () => {
    const { recorder, kernel, logits, loss } = recordDense();
    const side = recorder.apply(relu, { x: logits }, {}).y;
    recorder.apply(sigmoid, { x: side }, {});
    recorder.differentiate(loss, [kernel]);
    expect(names(recorder).slice(5)).toEqual(["sigmoidCrossEntropyGradient", "matmulKernelGradient"]);
  });

  it("refuses a target that the loss does not depend on, and one without a rule", () => {
    const { recorder, labels, loss } = recordDense();
    const unused = recorder.state([7, 3], 64);
    expect(() => recorder.differentiate(loss, [unused])).toThrow("No gradient reaches a tensor of shape 7x3");
    expect(() => recorder.differentiate(loss, [labels])).toThrow("No gradient reaches a tensor of shape 3x2");
  });
});

describe("place", () => {
  it("makes the operation write to the given part of another buffer", () => {
    const { recorder, kernel, bias, loss } = recordDense();
    const all = recorder.work([32]);
    const [dkernel, dbias] = recorder.differentiate(loss, [kernel, bias]);
    recorder.place(dkernel!, all, 0);
    recorder.place(dbias!, all, 16);
    expect([dkernel!.buffer, dbias!.buffer]).toEqual([all.buffer, all.buffer]);
    expect([dkernel!.offset, dbias!.offset]).toEqual([0, 16]);
    const { nodes } = planMemory(recorder.finish());
    const written = nodes.flatMap(({ outputs }) => outputs).filter(({ buffer }) => buffer === all.buffer);
    expect(written).toEqual(expect.arrayContaining([dkernel, dbias]));
  });

  it("takes along the views of what it moves", () => {
    const { recorder, logits } = recordDense();
    const all = recorder.work([64]);
    const view = recorder.view(logits, [6]);
    const viewOfView = recorder.view(view, [2, 3]);
    recorder.place(view, all, 5);
    for (const tensor of [logits, view, viewOfView])
      expect([tensor.buffer, tensor.offset]).toEqual([all.buffer, 5]);
  });

  it("refuses memory that something else shares", () => {
    const { recorder, x, kernel, logits } = recordDense();
    const all = recorder.work([64]);
    const message = "its memory is shared";
    recorder.apply(add, { a: x, b: x }, {}, { y: { ...logits } });
    expect(() => recorder.place(logits, all, 0)).toThrow(message);
    expect(() => recorder.place(x, all, 0)).toThrow(message);
    expect(() => recorder.place(kernel, all, 0)).toThrow(message);
  });

  it("refuses to move one tensor to two places, as two weights with one gradient would need", () => {
    const recorder = new Recorder(1024);
    const [a, b] = [recorder.state([3], 0), recorder.state([3], 16)];
    const x = recorder.apply(add, { a, b }, {}).y;
    const { loss } = recorder.apply(sigmoidCrossEntropy, { x, labels: recorder.input("labels", [3]) }, {});
    const [da, db] = recorder.differentiate(loss, [a, b]);
    const all = recorder.work([32]);
    recorder.place(da!, all, 0);
    expect(() => recorder.place(db!, all, 16)).toThrow("Cannot place a tensor of shape 3");
  });
});
