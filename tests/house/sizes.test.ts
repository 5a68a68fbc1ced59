import { describe, expect, it } from "vitest";
import { readSources } from "../support/source-files.ts";

/** STYLE: under 200 lines as a rule; over 600 needs a reason in its header. */
const longest = 600;
/** How such a header begins to say it: "Over 600 lines: …". */
const reason = /over 600 lines: \S/i;
const headerLines = 25;

const sources = [...readSources("src", [".ts", ".tsx", ".css"]), ...readSources("kernels", [".c", ".h"])].map(
  ({ path, text }) => ({ path, text, lines: text.trimEnd().split("\n").length }),
);

describe("the sizes of files", () => {
  it("are small: the median at most 130 lines, nine of ten at most 400", () => {
    const lines = sources.map((file) => file.lines).sort((a, b) => a - b);
    expect(lines.length).toBeGreaterThan(50);
    expect(lines[Math.floor(lines.length / 2)]).toBeLessThanOrEqual(130);
    expect(lines[Math.floor(lines.length * 0.9)]).toBeLessThanOrEqual(400);
  });

  it(`over ${longest} lines have a header that says why`, () => {
    const unexplained = sources
      .filter(({ lines, text }) => lines > longest && !reason.test(headerOf(text)))
      .map(({ path, lines }) => `${path}: ${lines} lines`);
    expect(unexplained).toEqual([]);
  });
});

function headerOf(text: string): string {
  return text.split("\n", headerLines).join("\n");
}
