import { describe, expect, it } from "vitest";
import { photoKeys } from "../../../src/data/cache/photo-key.ts";
import { type Preprocessing, preprocessingSchema } from "../../../src/data/preprocessing.ts";
import { sha256 } from "../../../src/platform/node/files.ts";
import { nodePlatform } from "../../../src/platform/node/node-platform.ts";

const hash = "ab".repeat(32);
const platform = { sha256, describeDecoder: () => "decoder 1" };
const rule = preprocessingSchema.parse({ height: 8, width: 6 });
const keyOf = async (changed: Partial<Preprocessing> = {}, by = platform) =>
  (await photoKeys(by, { ...rule, ...changed }))(hash);

/** Another value for each part of the rule. */
const changes: { [Name in keyof Preprocessing]: Preprocessing[Name] } = {
  height: 9,
  width: 7,
  decode: "fast",
  maxPixels: 5,
  orient: "exif",
  iccProfile: "srgb",
  background: "#ffffff",
  colorMode: "grayscale",
  resize: "pad",
  interpolation: "area",
  antialias: true,
  scale: 1,
  offset: -1,
};

describe("the key of a photo", () => {
  it("says which content it is, and is fit to be the name of a file", async () => {
    expect(await keyOf()).toMatch(/^(ab){32}-[0-9a-f]{16}$/);
    const keys = await photoKeys(platform, rule);
    expect(keys("cd".repeat(32)).slice(64)).toBe(keys(hash).slice(64));
  });

  it("is another for each part of the rule, but for the one that has one value alone", async () => {
    expect(Object.keys(changes).sort()).toEqual(Object.keys(rule).sort());
    const names = Object.keys(changes).filter((name) => name !== "orient") as (keyof Preprocessing)[];
    const keys = await Promise.all(names.map((name) => keyOf({ [name]: changes[name] })));
    expect(new Set([...keys, await keyOf()]).size).toBe(names.length + 1);
  });

  it("does not depend on the order in which a rule is written down", async () => {
    const reversed = Object.fromEntries(Object.entries(rule).reverse()) as Preprocessing;
    expect((await photoKeys(platform, reversed))(hash)).toBe(await keyOf());
  });

  it("is another with another decoder, and the one of this machine names its libraries", async () => {
    expect(await keyOf({}, { sha256, describeDecoder: () => "decoder 2" })).not.toBe(await keyOf());
    const decoder = JSON.parse(nodePlatform.describeDecoder());
    expect(Object.keys(decoder)).toEqual(expect.arrayContaining(["fovea", "sharp", "vips", "processor"]));
    expect(Object.values(decoder).every((version) => /^\w/.test(String(version)))).toBe(true);
  });
});
