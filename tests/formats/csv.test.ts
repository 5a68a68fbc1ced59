import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readCsv, writeCsv } from "../../src/formats/csv.ts";

describe("writing", () => {
  it("quotes only what needs it", () => {
    expect(
      writeCsv([
        ["epoch", "loss"],
        [0, 0.25],
        ['say "hi"', "a,b"],
        ["two\nlines", " space "],
      ]),
    ).toBe('epoch,loss\n0,0.25\n"say ""hi""","a,b"\n"two\nlines", space \n');
  });

  it("leaves a cell empty for what is not there and what is not a number", () => {
    expect(writeCsv([[1, undefined, Number.NaN, ""]])).toBe("1,,,\n");
  });
});

describe("reading", () => {
  it.each([
    ["nothing", "", []],
    [
      "line ends of either kind",
      "a,b\r\nc,d\n",
      [
        ["a", "b"],
        ["c", "d"],
      ],
    ],
    ["a last line without an end", "a\nb", [["a"], ["b"]]],
    ["a comma at the very end", "a,", [["a", ""]]],
    ["an empty line as one empty cell", "a\n\nb\n", [["a"], [""], ["b"]]],
    ["quotes, commas and lines in a cell", '"a ""b"", c\r\nd",e\n', [['a "b", c\r\nd', "e"]]],
    ["the mark in front of a spreadsheet's file", "\ufeffa,b\n", [["a", "b"]]],
  ])("%s", (_, text, rows) => {
    expect(readCsv(text)).toEqual(rows);
  });

  it.each(['a\n"b,c\n', '"a"b\n', '"'])("refuses a quote that is not closed: %j", (text) => {
    expect(() => readCsv(text)).toThrow(expect.objectContaining({ code: "csv.open-quote" }));
  });

  it("names the line of an open quote", () => {
    expect(() => readCsv('a\nb,"c\n')).toThrow("line 2");
  });
});

it("any table comes back as it was written", () => {
  const cell = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('"', ",", "\n", "\r", "a") }));
  const table = fc.array(fc.array(cell, { minLength: 1 }));
  fc.assert(
    fc.property(table, (rows) => {
      fc.pre(!rows[0]?.[0]?.startsWith("\ufeff"));
      expect(readCsv(writeCsv(rows))).toEqual(rows);
    }),
  );
});
