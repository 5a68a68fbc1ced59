import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { bar, squareTable, table } from "../../src/cli/table.ts";
import {
  cutStart,
  cutText,
  duration,
  percent,
  printable,
  quoted,
  textWidth,
  wrapParts,
} from "../../src/cli/text.ts";

describe("textWidth", () => {
  it.each([
    ["plain", 5],
    ["José", 4],
    ["Jose\u0301", 4],
    ["日本", 4],
    ["한글", 4],
    ["😀", 2],
    ["👨‍👩‍👧", 2],
    ["❤️", 2],
    ["━━…", 3],
  ])("of %s is %i columns", (text, width) => expect(textWidth(text)).toBe(width));
});

describe("cutting", () => {
  it("keeps the beginning or the end, and never half a letter", () => {
    expect(cutText("photograph", 6)).toBe("photo…");
    expect(cutStart("photograph", 6)).toBe("…graph");
    expect(cutText("日本語", 4)).toBe("日…");
    expect(cutText("whole", 5)).toBe("whole");
    expect(cutText("gone", 0)).toBe("");
  });
});

describe("wrapParts", () => {
  it("breaks between parts only, and indents what follows", () => {
    expect(wrapParts(["aaa", "bbb", "cccccccc"], " - ", 9, "  ")).toEqual(["aaa - bbb", "  cccccccc"]);
  });
});

describe("printable", () => {
  it("escapes what would move the cursor, colour the screen or turn the text round", () => {
    expect(printable("a\nb\x1b[2Jc\u202ed")).toBe("a\\u000ab\\u001b[2Jc\\u202ed");
    expect(printable("José 😀")).toBe("José 😀");
  });
});

describe("quoted", () => {
  it("is what a shell takes as one word", () => {
    expect(quoted("runs/a-1")).toBe("runs/a-1");
    expect(quoted("it's mine")).toBe(`'it'\\''s mine'`);
  });

  it("breaks no line and sends nothing to the screen, and bash still finds the file", () => {
    const name = "it's\n2 \\n \x1b[2J \u202e\x85 é";
    expect(printable(quoted(name))).toBe(quoted(name));
    expect(execFileSync("bash", ["-c", `printf %s ${quoted(name)}`], { encoding: "utf8" })).toBe(name);
  });
});

describe("duration", () => {
  it.each([
    [0.0004, "0.4ms"],
    [0.25, "250ms"],
    [0.9996, "1s"],
    [59.6, "1m00s"],
    [185, "3m05s"],
    [7800, "2h10m"],
    [Number.NaN, "?"],
  ])("%d s is %s", (seconds, text) => expect(duration(seconds)).toBe(text));
});

describe("table", () => {
  it("puts numbers to the right and names to the left, however wide their letters", () => {
    expect(
      table([
        ["photo", "images", "share"],
        ["日本", 5, percent(0.5)],
        ["-", 120, percent(1)],
      ]),
    ).toEqual(["  photo  images   share", "  日本        5   50.0%", "  -         120  100.0%"]);
  });

  it("numbers the classes across the top where their names do not fit", () => {
    const names = ["cheerful", "gloomy"];
    const rows = [
      [5, 0],
      [12, 7],
    ];
    expect(squareTable(names, rows, 40)).toEqual([
      "            cheerful  gloomy",
      "  cheerful         5       0",
      "  gloomy          12       7",
    ]);
    expect(squareTable(names, rows, 20)).toEqual([
      "               1  2",
      "  1 cheerful   5  0",
      "  2 gloomy    12  7",
    ]);
  });
});

it("a bar is as full as the share, and never more", () => {
  expect([bar(0, 4), bar(0.5, 4), bar(2, 4)]).toEqual(["────", "━━──", "━━━━"]);
});
