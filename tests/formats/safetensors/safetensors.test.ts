import { describe, expect, it } from "vitest";
import { beginsAsSafetensors } from "../../../src/formats/safetensors/beginning.ts";
import { readSafetensors } from "../../../src/formats/safetensors/read.ts";
import { writeSafetensors } from "../../../src/formats/safetensors/write.ts";
import type { SavedModel } from "../../../src/formats/saved-model.ts";
import { InputError } from "../../../src/util/errors.ts";
import { RandomStream } from "../../../src/util/random.ts";
import { joined } from "../hdf5/written.ts";
import { expectSameBits, fixtureBytes, fixtureJson, smallModel } from "../keras/fixtures.ts";

const written = (model: SavedModel) => joined(writeSafetensors(model));

/** A file with this header and so many bytes of data, counted from 0. */
function fileWith(header: unknown, dataBytes = 0, length?: bigint): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  bytes.set(text, 8);
  for (let i = 0; i < dataBytes; i++) bytes[8 + text.length + i] = i;
  return bytes;
}

const tensor = (shape: unknown, data_offsets: unknown, dtype = "F32") => ({ dtype, shape, data_offsets });

describe("a model that is written and read", () => {
  it("comes back whole and to the same bits, but for the optimizer's state", async () => {
    const { optimizer: _, ...model } = smallModel();
    const read = readSafetensors(written(smallModel())) as SavedModel;
    expect(read).toEqual(model);
    expectSameBits(read, model);
  });

  it("does without all that is optional", () => {
    const { description, weights } = smallModel();
    expect(readSafetensors(written({ description, weights }))).toEqual({ description, weights });
  });

  it("is known by its beginning, and nothing else is", () => {
    expect(beginsAsSafetensors(written(smallModel()))).toBe(true);
    expect(beginsAsSafetensors(fixtureBytes("keras3-adam.keras"))).toBe(false);
    expect(beginsAsSafetensors(new TextEncoder().encode('{"a":    {"b": 1}}'))).toBe(false);
  });

  it("has data on a boundary of eight bytes, so that it is read in place", () => {
    const bytes = written(smallModel());
    const [first] = (readSafetensors(bytes) as SavedModel).weights;
    expect(first.values.buffer).toBe(bytes.buffer);
    expect(first.values.byteOffset % 8).toBe(0);
  });
});

describe("a file that the library in Python wrote", () => {
  const expected = fixtureJson("safetensors.json");

  it.each(["F64", "F32", "F16", "BF16"])("gives numbers of %s as float32", (dtype) => {
    const { weights } = readSafetensors(fixtureBytes("python.safetensors"));
    const found = weights.find(({ layer }) => layer === `numbers.${dtype}`);
    expect(found).toMatchObject({ name: "weight", shape: expected.shape });
    expect([...found!.values]).toEqual(expected.values[dtype].map(Number));
  });

  it("is weights alone", () => {
    expect(readSafetensors(fixtureBytes("python.safetensors"))).not.toHaveProperty("description");
  });
});

describe("what is not sound is refused", () => {
  const refused = (bytes: Uint8Array, code: string, text: string) =>
    expect(() => readSafetensors(bytes)).toThrowError(
      expect.objectContaining({ name: "InputError", code, message: expect.stringContaining(text) }),
    );

  it.each<[string, Uint8Array, string, string]>([
    ["a header that says it is huge", fileWith({}, 0, 2n ** 63n), "model.damaged", "9223372036854775808"],
    ["a header beyond the file", fileWith({}, 0, 9000n), "model.truncated", "9008"],
    ["no JSON", fileWith("{no"), "model.damaged", "JSON"],
    ["no object", fileWith("[1, 2]"), "model.damaged", "header"],
    ["no UTF-8", fileWith("{}", 0).map((byte, i) => (i === 8 ? 0xff : byte)), "model.damaged", "UTF-8"],
    [
      "a name twice",
      fileWith('{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"\\u0061":1}', 4),
      "model.damaged",
      '"a" twice',
    ],
    [
      "a setting twice",
      fileWith('{"a":{"dtype":"F32","shape":[],"shape":[1],"data_offsets":[0,4]}}', 4),
      "model.damaged",
      '"shape" twice',
    ],
    ["metadata that is no text", fileWith({ __metadata__: { a: 1 } }), "model.damaged", "header"],
    [
      "tensors over each other",
      fileWith({ a: tensor([2], [0, 8]), b: tensor([2], [4, 12]) }, 12),
      "model.damaged",
      '"b" to begin at byte 8',
    ],
    ["a gap", fileWith({ a: tensor([1], [4, 8]) }, 8), "model.damaged", '"a" to begin at byte 0'],
    ["an end before the beginning", fileWith({ a: tensor([1], [4, 0]) }, 4), "model.damaged", "byte 0"],
    [
      "more data than tensors",
      fileWith({ a: tensor([1], [0, 4]) }, 5),
      "model.damaged",
      "4 bytes of data, found 5",
    ],
    ["less data than tensors", fileWith({ a: tensor([2], [0, 8]) }, 5), "model.truncated", "8 bytes of data"],
    ["a shape of another size", fileWith({ a: tensor([3], [0, 4]) }, 4), "model.damaged", "3 numbers of F32"],
    [
      "an absurd shape",
      fileWith({ a: tensor([2 ** 40, 2 ** 40, 0, 2 ** 52], [0, 4]) }, 4),
      "model.damaged",
      '"a"',
    ],
    ["a negative side", fileWith({ a: tensor([-1, -1], [0, 4]) }, 4), "model.damaged", "shape"],
    ["a fraction of a byte", fileWith({ a: tensor([1], [0, 4.5]) }, 4), "model.damaged", "data_offsets"],
    [
      "more axes than there are",
      fileWith({ a: tensor(Array(99).fill(1), [0, 4]) }, 4),
      "model.damaged",
      "shape",
    ],
    [
      "whole numbers",
      fileWith({ a: tensor([1], [0, 8], "I64") }, 8),
      "model.unsupported",
      'found I64 in "a"',
    ],
    [
      "a dtype that is a word of JavaScript",
      fileWith({ a: tensor([1], [0, 8], "constructor") }, 8),
      "model.unsupported",
      "constructor",
    ],
    [
      "a model config that is none",
      fileWith({ __metadata__: { keras_config: "{}" } }),
      "model.damaged",
      "keras_config",
    ],
  ])("%s", (_, bytes, code, text) => {
    refused(bytes, code, text);
  });

  it("any cut", () => {
    const bytes = written(smallModel());
    for (let length = 0; length < bytes.length; length += 1 + (length % 97)) {
      refused(bytes.slice(0, length), "model.truncated", "cut short");
    }
  });

  it("and never with anything but a refusal", () => {
    const random = new RandomStream(1, "damage", 0);
    const below = (limit: number) => Math.floor(random.next() * limit);
    const sound = written({ ...smallModel(), extra: {} });
    let refusals = 0;
    for (let round = 0; round < 2000; round++) {
      const bytes = sound.slice();
      for (let i = below(6); i >= 0; i--)
        bytes[below(round % 2 ? 64 : bytes.length)] = [0, 255, 32 + below(96)][below(3)];
      try {
        readSafetensors(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(InputError);
        refusals++;
      }
    }
    expect(refusals).toBeGreaterThan(1000);
  });
});
