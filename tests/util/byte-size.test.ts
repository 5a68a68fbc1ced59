import { describe, expect, it } from "vitest";
import { formatByteSize, parseByteSize } from "../../src/util/byte-size.ts";

describe("sizes in bytes", () => {
  it.each([
    ["0", 0],
    ["500MB", 5e8],
    ["2 GB", 2e9],
    ["1.5g", 1.5e9],
    [" 3 kb ", 3000],
    ["1TB", 1e12],
    ["1234", 1234],
    ["7b", 7],
  ])("%s is %d bytes", (text, bytes) => expect(parseByteSize(text)).toBe(bytes));

  it.each(["", "GB", "-1GB", "1 PB", "1e9", "2GBs", "1,5GB", "none", ".", "1..2"])("%s is no size", (text) =>
    expect(parseByteSize(text)).toBeUndefined());

  it.each([
    [0, "0 B"],
    [999, "1000 B"],
    [20e9, "20 GB"],
    [1.26e6, "1.3 MB"],
    [4096, "4.1 KB"],
  ])("%d bytes are written %s", (bytes, text) => expect(formatByteSize(bytes)).toBe(text));
});
