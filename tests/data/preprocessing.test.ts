import { expect, it } from "vitest";
import { preprocessingSchema } from "../../src/data/preprocessing.ts";

it("reads the rule of older model files as what was done then", () => {
  const older = {
    height: 8,
    width: 6,
    channels: 3,
    resize: "stretch",
    interpolation: "bilinear",
    scale: 0.5,
    offset: -1,
  };
  expect(preprocessingSchema.parse(older)).toEqual({
    height: 8,
    width: 6,
    decode: "exact",
    maxPixels: 178_956_970,
    orient: "exif",
    iccProfile: "ignore",
    background: "none",
    colorMode: "rgb",
    resize: "stretch",
    interpolation: "bilinear",
    antialias: false,
    scale: 0.5,
    offset: -1,
  });
});

it.each([
  ["none", "none"],
  ["white", "#ffffff"],
  ["#FF8800", "#ff8800"],
])("takes %s for a background", (given, background) => {
  const parsed = preprocessingSchema.parse({ height: 1, width: 1, background: given });
  expect(parsed.background).toBe(background);
  expect(preprocessingSchema.parse(parsed)).toEqual(parsed); // what is written is read again
});

it.each(["", "#fff", "whitish", "toString"])("refuses %j as a background", (background) => {
  expect(preprocessingSchema.safeParse({ height: 1, width: 1, background }).success).toBe(false);
});
