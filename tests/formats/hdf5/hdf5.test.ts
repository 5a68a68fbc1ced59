import { describe, expect, it } from "vitest";
import { type ReadGroup, readText, readTexts } from "../../../src/formats/hdf5/group.ts";
import { readWithLibrary } from "../../../src/formats/hdf5/library.ts";
import { NotPlain, PlainBytes } from "../../../src/formats/hdf5/plain-bytes.ts";
import { plainRoot } from "../../../src/formats/hdf5/plain-group.ts";
import { readHdf5 } from "../../../src/formats/hdf5/read.ts";
import { writeTexts } from "../../../src/formats/hdf5/tree.ts";
import { InputError } from "../../../src/util/errors.ts";
import { RandomStream } from "../../../src/util/random.ts";
import { fixtureBytes } from "../keras/fixtures.ts";
import { libraryFile, plainFile } from "./written.ts";

/** Both ways to read a plain file. */
const readers = [
  [
    "plainly",
    async <T>(bytes: Uint8Array, read: (root: ReadGroup) => T) => read(plainRoot(new PlainBytes(bytes))),
  ],
  ["by the HDF5 library", readWithLibrary],
] as const;

/** One more than fills the nodes of two levels of a tree. */
const many = Array.from({ length: 8 * 32 * 3 + 1 }, (_, index) => `array ${index}`);
const lists = { names: ["é", "", "a longer one"], none: [] };

const own = plainFile((root) => {
  root.attributes.set("text", "très \u{1f622}");
  root.attributes.set("empty", "");
  root.attributes.set("long", "x".repeat(100_000));
  for (const [name, texts] of Object.entries(lists)) root.attributes.set(name, texts);
  root.group("nothing/in it");
  root.write("a/b/matrix", { shape: [2, 3], values: Float32Array.of(1, -0, 3, Number.NaN, 5, 6) });
  root.write("a/scalar", { shape: [], values: Float32Array.of(7) });
  root.write("a/none", { shape: [0, 4], values: new Float32Array(0) });
  root.write("a/count", { shape: [], values: BigInt64Array.of(2n ** 40n) });
  many.forEach((name, index) => {
    root.write(`many/${name}`, { shape: [1], values: Float32Array.of(index) });
  });
});

describe.each(readers)("what is written and read %s", (_, read) => {
  it("has its texts", async () => {
    await read(own, (root) => {
      expect(readText(root, "text")).toBe("très \u{1f622}");
      expect(readText(root, "empty")).toBe("");
      expect(readText(root, "long")).toHaveLength(100_000);
      for (const [name, texts] of Object.entries(lists)) expect(root.attribute(name)).toEqual(texts);
      expect(root.attribute("missing")).toBeUndefined();
    });
  });

  it("has its arrays, in groups of any size", async () => {
    await read(own, (root) => {
      const matrix = { shape: [2, 3], values: Float32Array.of(1, -0, 3, Number.NaN, 5, 6) };
      expect(root.floats("a/b/matrix")).toEqual(matrix);
      expect(root.group("a").group("b").floats("matrix")).toEqual(matrix);
      expect(root.floats("a/scalar")).toEqual({ shape: [], values: Float32Array.of(7) });
      expect(root.floats("a/none")).toEqual({ shape: [0, 4], values: new Float32Array(0) });
      expect(root.count("a/count")).toBe(2 ** 40);
      const group = root.group("many");
      expect(many.map((name) => group.floats(name).values[0])).toEqual([...many.keys()]);
    });
  });

  it("says what there is", async () => {
    await read(own, (root) => {
      expect(["a", "a/b/matrix", "nothing/in it"].map((path) => root.has(path))).toEqual([true, true, true]);
      expect(["b", "a/c", "a/c/d"].map((path) => root.has(path))).toEqual([false, false, false]);
    });
  });

  it("keeps more names than fit in one attribute of 64 KB", async () => {
    const names = Array.from({ length: 9001 }, (_unused, index) => `layer_${index}`);
    const bytes = plainFile((root) => writeTexts(root, "layer_names", names));
    await read(bytes, (root) => {
      expect(root.attribute("layer_names")).toBeUndefined();
      expect(root.attribute("layer_names2")).toHaveLength(1001);
      expect(readTexts(root, "layer_names")).toEqual(names);
    });
  });
});

it("uses arrays where they lie", async () => {
  const values = await readHdf5(own, (root) => root.floats("a/b/matrix").values);
  expect(values.buffer).toBe(own.buffer);
});

describe("what h5py wrote", () => {
  it.each([
    "keras2-adam",
    "keras2-sgd",
    "keras3-adam",
    "keras3-sgd",
  ])("in %s.h5 is read plainly", async (name) => {
    const bytes = fixtureBytes(`${name}.h5`);
    const plain = everything(plainRoot(new PlainBytes(bytes)));
    expect(plain.length).toBe(8);
    expect(plain).toEqual(await readWithLibrary(bytes, everything));
  });

  function everything(root: ReadGroup): unknown[] {
    const group = root.group("model_weights");
    const layers = readTexts(group, "layer_names").flatMap((layer) => {
      const inner = group.group(layer);
      return readTexts(inner, "weight_names").map((path) => [path, inner.floats(path)]);
    });
    const optimizer = root.group("optimizer_weights");
    return [...layers, readTexts(optimizer, "weight_names"), readText(root, "model_config")];
  }
});

it("reads arrays of float64, of whole numbers and of one number, and refuses others", async () => {
  const bytes = await libraryFile((file) => {
    file.create_dataset({ name: "double", data: Float64Array.of(0.1, 2), shape: [2, 1] });
    file.create_dataset({ name: "scalar", data: Float32Array.of(3), shape: [] });
    file.create_dataset({ name: "none", data: new Float32Array(0), shape: [0, 4] });
    file.create_dataset({ name: "whole", data: Int32Array.of(1, -2), shape: [2] });
    file.create_dataset({ name: "count", data: BigInt64Array.of(7n), shape: [] });
    file.create_dataset({ name: "bytes", data: Uint8Array.of(1, 2), shape: [2] });
  });
  const read = (name: string) => readHdf5(bytes, (root) => root.floats(name));
  expect(await read("double")).toEqual({ shape: [2, 1], values: Float32Array.of(0.1, 2) });
  expect(await read("scalar")).toEqual({ shape: [], values: Float32Array.of(3) });
  expect(await read("none")).toEqual({ shape: [0, 4], values: new Float32Array(0) });
  expect(await read("whole")).toEqual({ shape: [2], values: Float32Array.of(1, -2) });
  expect(await read("count")).toEqual({ shape: [], values: Float32Array.of(7) });
  await expect(read("bytes")).rejects.toMatchObject({ code: "model.damaged" });
});

it("leaves to the library what is damaged, whatever the damage", () => {
  const random = new RandomStream(1, "damage", 1);
  const below = (limit: number) => Math.floor(random.next() * limit);
  let left = 0;
  for (let round = 0; round < 400; round++) {
    const damaged = fixtureBytes("keras3-adam.h5");
    for (let i = below(6); i >= 0; i--) damaged[below(12_000)] = [0, 255, below(256)][below(3)];
    try {
      const root = plainRoot(new PlainBytes(damaged));
      for (const layer of readTexts(root.group("model_weights"), "layer_names")) {
        const group = root.group("model_weights").group(layer);
        for (const path of readTexts(group, "weight_names")) group.floats(path);
      }
    } catch (error) {
      if (!(error instanceof NotPlain || error instanceof InputError)) throw error;
      left++;
    }
  }
  expect(left).toBeGreaterThan(40);
});
