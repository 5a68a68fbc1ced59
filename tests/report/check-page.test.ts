import { describe, expect, it } from "vitest";
import { checkPage } from "../../src/report/check-page.ts";
import { base64, escapeHtml } from "../../src/report/html.ts";

describe("checkPage", () => {
  const jpeg = Uint8Array.of(0xff, 0xd8, 0xff);
  const page = (files: readonly string[], pictures: readonly string[]) =>
    checkPage({
      title: "<photos>",
      generator: "<meta>",
      when: new Date(0),
      files: 3,
      usable: 2,
      excluded: 1,
      classes: [{ name: 'a"b', files: 3, usable: 2, different: 2 }],
      findings: [
        {
          code: "duplicate.near",
          title: "Near",
          message: "So.",
          effect: "used",
          files: files.length,
          cases: [{ files, detail: "d" }],
        },
      ],
      pictures: new Map(pictures.map((file) => [file, jpeg])),
    });

  it("takes no name for HTML", () => {
    const html = page(["<script>alert(1)</script>", "\u202egpj.exe"], ["<script>alert(1)</script>"]);
    expect(html).not.toContain("<script");
    expect(html).not.toContain("\u202e");
    expect(html).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
    expect(html).toContain("<bdi>a&quot;b</bdi>");
  });

  it("shows pictures, and names what has none", () => {
    expect(page(["1.jpg", "2.jpg", "3.jpg"], ["1.jpg", "2.jpg"])).toMatch(/and 1 more/);
    expect(page(["1.jpg"], [])).not.toContain("<img");
    expect(page(["1.jpg"], ["1.jpg"])).toContain('src="data:image/jpeg;base64,/9j/"');
  });
});

describe("base64", () => {
  it.each(["", "a", "ab", "abc", "\u00ff\u00fe\u00fd\u00fc"])("writes %j", (text) => {
    expect(base64(new TextEncoder().encode(text))).toBe(Buffer.from(text).toString("base64"));
  });
});

it("escapes quotes of both kinds and control characters", () => {
  expect(escapeHtml(`a"b'c&d\u0007e`)).toBe("a&quot;b&#39;c&amp;d\ufffde");
});
