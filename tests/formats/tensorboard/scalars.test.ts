import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { crc32c } from "../../../src/formats/crc32c.ts";
import { eventFileName, writeSummary, writeVersion } from "../../../src/formats/tensorboard/events.ts";
import { readScalars, type ScalarEvent } from "../../../src/formats/tensorboard/read-events.ts";
import { scalarSummary } from "../../../src/formats/tensorboard/summaries.ts";
import { epochScalars, evaluationScalars } from "../../../src/formats/tensorboard/tags.ts";

interface KerasFile {
  readonly base64: string;
  readonly versionWallTime: number;
  readonly scalars: readonly ScalarEvent[];
}

const fixture = new URL("../../fixtures/formats/events.json", import.meta.url);
const keras: Record<"train" | "validation", KerasFile> = JSON.parse(readFileSync(fixture, "utf8"));

const writeScalar = (tag: string, value: number, step: number, wallTime: number) =>
  writeSummary(scalarSummary(tag, value), step, wallTime);

const bytesOf = ({ base64 }: KerasFile) => new Uint8Array(Buffer.from(base64, "base64"));

function written({ versionWallTime, scalars }: KerasFile): Uint8Array {
  const records = scalars.map(({ tag, value, step, wallTime }) => writeScalar(tag, value, step, wallTime));
  return new Uint8Array(Buffer.concat([writeVersion(versionWallTime), ...records]));
}

describe.each(["train", "validation"] as const)("the %s events of Keras's callback", (part) => {
  it("are written to the same bytes", () => {
    expect(written(keras[part])).toEqual(bytesOf(keras[part]));
  });

  it("are read", () => {
    const scalars = keras[part].scalars.map((scalar) => ({ ...scalar, value: Math.fround(scalar.value) }));
    expect(readScalars(bytesOf(keras[part]))).toEqual(scalars);
  });
});

it("a step beyond 32 bits comes back", () => {
  const step = 2 ** 40 + 3;
  expect(readScalars(writeScalar("loss", 0.5, step, 1.25))).toEqual([
    { tag: "loss", value: 0.5, step, wallTime: 1.25 },
  ]);
});

it.each([
  ["cut short", (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 1)],
  ["cut in its header", (bytes: Uint8Array) => bytes.subarray(0, 5)],
  ["changed in its message", (bytes: Uint8Array) => bytes.with(20, bytes[20] ^ 1)],
  ["changed in its length's checksum", (bytes: Uint8Array) => bytes.with(9, bytes[9] ^ 1)],
])("a record that is %s is refused", (_, damage) => {
  expect(() => readScalars(damage(writeScalar("loss", 1, 0, 0)))).toThrow(
    expect.objectContaining({ code: "events.damaged" }),
  );
});

it("the checksum is that of RFC 3720, B.4", () => {
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(255))).toBe(0x62a8ab43);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
  expect(crc32c(new TextEncoder().encode("123456789"))).toBe(0xe3069283); // with a tail
});

it("a file is named as TensorFlow names it", () => {
  expect(eventFileName(1795337593.7, "my host/1", 42, 1)).toBe(
    "events.out.tfevents.1795337593.my_host_1.42.1.v2",
  );
});

it("curves have the names that Keras gives them", () => {
  const { train, validation } = epochScalars({
    accuracy: 1,
    loss: 2,
    val_accuracy: 3,
    val_loss: 4,
    learning_rate: 5,
  });
  const tagsOf = (part: KerasFile, step: number) =>
    part.scalars
      .filter((scalar) => scalar.step === step && scalar.tag.startsWith("epoch"))
      .map(({ tag }) => tag);
  expect(train.map(({ tag }) => tag)).toEqual(tagsOf(keras.train, 0));
  expect(validation.map(({ tag }) => tag)).toEqual(tagsOf(keras.validation, 0));
  expect(validation).toContainEqual({ tag: "epoch_loss", value: 4 });
  const evaluations = evaluationScalars({ accuracy: 3, loss: 4 }).map(({ tag }) => tag);
  expect(evaluations).toEqual(keras.validation.scalars.slice(0, 2).map(({ tag }) => tag));
});
