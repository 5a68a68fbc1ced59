import { describe, expect, it } from "vitest";
import { findByName, findByOrder, type WantedWeight } from "../../../src/formats/keras/find-weights.ts";

const weight = (path: string, name: string, trainable = true): WantedWeight => ({
  layer: path.replaceAll("/", "_"),
  name,
  trainable,
  path: path.split("/"),
  className: path.endsWith("deep") ? "DepthwiseConv2D" : "Conv2D",
});

describe("weights that are looked for by name", () => {
  it("are told apart by the models around them, as far as that is needed", () => {
    const wanted = [weight("a/x/conv", "kernel"), weight("b/x/conv", "kernel"), weight("b/deep", "kernel")];
    const names = ["deep/depthwise_kernel:0", "m/b/x/conv/kernel:0", "m/a/x/conv/kernel:0"];
    expect(findByName(wanted, names)).toEqual([names[2], names[1], names[0]]);
  });

  it("are not found where a name is missing, or two could be meant", () => {
    const wanted = [weight("a/conv", "kernel"), weight("b/conv", "kernel")];
    expect(findByName(wanted, ["a/conv/kernel"])).toBeUndefined();
    expect(findByName(wanted, ["conv/kernel", "conv/kernel_1"])).toBeUndefined();
    expect(findByName([weight("conv", "kernel")], ["a/conv/kernel", "b/conv/kernel"])).toBeUndefined();
    expect(findByName([weight("v", "kernel")], ["conv/kernel"])).toBeUndefined();
  });
});

describe("weights that are looked for by their order", () => {
  const wanted = [
    weight("m/old", "kernel", false),
    weight("m/norm", "mean", false),
    weight("m/new", "kernel"),
  ];

  it("have those in front that are trained, whatever their layers were called", () => {
    const names = ["renamed/kernel:0", "other/kernel:0", "another/mean:0"];
    expect(findByOrder(wanted, names)).toEqual([names[1], names[2], names[0]]);
  });

  it("are not taken for others", () => {
    expect(findByOrder(wanted, ["a/kernel", "b/mean", "c/kernel"])).toBeUndefined();
    expect(findByOrder(wanted, ["a/kernel", "b/kernel"])).toBeUndefined();
  });
});
