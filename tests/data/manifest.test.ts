import { describe, expect, it } from "vitest";
import { parseManifest } from "../../src/data/manifest.ts";

const refusal = (code: string, ...texts: string[]) =>
  expect.objectContaining({
    name: "InputError",
    code,
    message: expect.stringMatching(
      texts.map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join(".*"),
    ),
  });

describe("a CSV manifest", () => {
  it("is read whatever the order of its columns, with quotes, blank lines and either line end", () => {
    const text =
      '\ufefflabel, path ,split,note,group\r\ncat,"a, ""b"".jpg",VALID,x,g1\r\n\r\n dog ,./c d.jpg,,"two\nlines",\r\n"dog",e.jpg,test,,g1';
    expect(parseManifest(text, "m.csv")).toEqual({
      columns: ["label", "path", "split", "note", "group"],
      rows: [
        { path: 'a, "b".jpg', label: "cat", group: "g1", part: "validation", line: 2 },
        { path: "c d.jpg", label: "dog", line: 4 },
        { path: "e.jpg", label: "dog", group: "g1", part: "test", line: 6 },
      ],
    });
  });

  it("takes groups from the column that it is told", () => {
    const { rows } = parseManifest("path,label,person\n1,a,S1\n", "m.csv", "person");
    expect(rows[0]).toMatchObject({ group: "S1" });
  });

  it.each([
    ["", "manifest.no-column", "path,label[,group][,split]", "no line"],
    ["file,label\n", "manifest.no-column", 'no "path" among: file, label'],
    ["path,label\n", "manifest.empty", "found no row"],
    ["path,label\n1,a\n2\n", "manifest.bad-row", "2 cells", "line 3", "found 1"],
    ["path,label\n1,a\n,b\n", "manifest.bad-cell", 'line 3, column "path"', "found nothing"],
    ['path,label\n"1\n2",a\n3,\n', "manifest.bad-cell", 'line 4, column "label"'],
    ["path,label,split\n1,a,tset\n", "manifest.bad-cell", 'line 2, column "split"', '"tset"'],
    ["path,label\n1,a\n2,b\n1,b\n", "manifest.twice", 'line 4, column "path"', '"1"'],
    ['path,label\n"1,a\n', "csv.open-quote", '"m.csv"', "line 2"],
  ])("refuses %j", (text, code, ...words) => {
    expect(() => parseManifest(text, "m.csv")).toThrow(refusal(code, ...words));
  });
});

describe("a JSON Lines manifest", () => {
  it("is read, numbers as text", () => {
    const text = '{"path":"1.jpg","label":3,"split":"train"}\n\n{"label":"b","path":"2.jpg","group":null}\n';
    expect(parseManifest(text, "M.JSONL")).toEqual({
      columns: ["path", "label", "split", "group"],
      rows: [
        { path: "1.jpg", label: "3", part: "train", line: 1 },
        { path: "2.jpg", label: "b", line: 3 },
      ],
    });
  });

  it.each([
    ["[1]\n", "manifest.bad-json", "line 1"],
    ['{"path":"1","label":"a"}\n{"path": "2",}\n', "manifest.bad-json", "line 2, column 14"],
    ['{"path":"1"}\n', "manifest.bad-cell", 'line 1, column "label"', "nothing"],
    ['{"path":["1"],"label":"a"}\n', "manifest.bad-cell", 'line 1, column "path"'],
    ["\n", "manifest.empty", "found no row"],
  ])("refuses %j", (text, code, ...words) => {
    expect(() => parseManifest(text, "m.jsonl")).toThrow(refusal(code, ...words));
  });
});
