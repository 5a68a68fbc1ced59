import type { ClassCensus } from "../data/check/class-findings.ts";
import type { Finding, FindingCase, FindingEffect } from "../data/check/finding.ts";
import { checkPageStyle } from "./check-page-style.ts";
import { base64, escapeHtml } from "./html.ts";

export interface CheckPage {
  /** The name of the data. */
  readonly title: string;
  /** An element for the head that says what wrote the page. */
  readonly generator: string;
  readonly when: Date;
  readonly files: number;
  readonly usable: number;
  readonly excluded: number;
  readonly classes: readonly ClassCensus[];
  readonly findings: readonly Finding[];
  /** Small JPEGs by file; what has none is shown by name. */
  readonly pictures: ReadonlyMap<string, Uint8Array>;
}

/** Cases that are listed by name below those with pictures. */
const MOST_LISTED = 1000;

const effects: Readonly<Record<FindingEffect, string>> = {
  excluded: "left out",
  refused: "refused",
  used: "used",
};

/** One HTML page with all that was found and what it looks like; it needs no other file and runs no script. */
export function checkPage(page: CheckPage): string {
  const { title, generator, when, findings } = page;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
${generator}
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} · fovea check</title>
<style>${checkPageStyle}</style>
</head>
<body>
<header>
<p class="eyebrow">fovea check · ${when.toISOString().slice(0, 16).replace("T", " ")} UTC</p>
<h1>${name(title)}</h1>
${summary(page)}
</header>
<main>
${census(page.classes)}
${findings.length === 0 ? '<p class="clean">Nothing was found that is worth a look.</p>' : contents(findings)}
${findings.map((finding) => section(finding, page.pictures)).join("\n")}
</main>
</body>
</html>
`;
}

function summary({ files, usable, excluded, findings }: CheckPage): string {
  const figures: readonly (readonly [number, string])[] = [
    [files, files === 1 ? "file" : "files"],
    [usable, "can be used"],
    [excluded, excluded === 1 ? "is left out" : "are left out"],
    [findings.length, findings.length === 1 ? "finding" : "findings"],
  ];
  const items = figures.map(([value, label]) => `<li><b>${number(value)}</b> ${label}</li>`);
  return `<ul class="figures">${items.join("")}</ul>`;
}

function census(classes: readonly ClassCensus[]): string {
  const most = Math.max(1, ...classes.map(({ files }) => files));
  const share = (count: number) => `${((100 * count) / most).toFixed(2)}%`;
  const rows = classes.map(
    ({ name: className, files, usable, different }) =>
      `<tr><th scope="row">${name(className)}</th><td class="bar"><span style="width:${share(files)}"><i style="width:${files === 0 ? 0 : (100 * usable) / files}%"></i></span></td>` +
      `<td>${number(files)}</td><td>${number(usable)}</td><td>${number(different)}</td></tr>`,
  );
  return `<section class="classes"><h2>Classes</h2><div class="scroll"><table>
<thead><tr><th scope="col">class</th><td></td><th scope="col">files</th><th scope="col">usable</th><th scope="col">different</th></tr></thead>
<tbody>${rows.join("\n")}</tbody></table></div></section>`;
}

function contents(findings: readonly Finding[]): string {
  const items = findings.map(
    (finding) =>
      `<li><a href="#${finding.code}">${escapeHtml(finding.title)}</a> <span class="count">${number(countOf(finding))}</span> ${badge(finding.effect)}</li>`,
  );
  return `<nav aria-label="Findings"><h2>Findings</h2><ul>${items.join("\n")}</ul></nav>`;
}

function section(finding: Finding, pictures: ReadonlyMap<string, Uint8Array>): string {
  const { code, title, message, effect, cases } = finding;
  const shown = cases.filter(({ files }) => files.some((file) => pictures.has(file)));
  const others = cases.filter((each) => !shown.includes(each));
  const rest = others.length === 0 ? "" : list(others, shown.length > 0);
  return `<section id="${code}" class="finding">
<h2>${escapeHtml(title)} <span class="count">${number(countOf(finding))}</span> ${badge(effect)}</h2>
<p class="message">${escapeHtml(message)} <code>${code}</code></p>
${shown.length === 0 ? "" : `<div class="cases">${shown.map((each) => card(each, pictures)).join("\n")}</div>`}
${rest}
</section>`;
}

function card({ files, detail }: FindingCase, pictures: ReadonlyMap<string, Uint8Array>): string {
  const drawn = files.filter((file) => pictures.has(file));
  const missing = files.length - drawn.length;
  const figures = drawn.map((file) => picture(file, pictures.get(file)!));
  const more = missing === 0 ? "" : `<p class="more">and ${number(missing)} more</p>`;
  return `<article class="case${files.length > 1 ? " several" : ""}"><div class="pictures">${figures.join("")}</div>${more}<p class="detail">${escapeHtml(detail)}</p></article>`;
}

function picture(file: string, jpeg: Uint8Array): string {
  return `<figure><div class="frame"><img src="data:image/jpeg;base64,${base64(jpeg)}" alt="" loading="lazy"></div><figcaption title="${escapeHtml(file)}">${name(file)}</figcaption></figure>`;
}

function list(cases: readonly FindingCase[], more: boolean): string {
  const rows = cases.slice(0, MOST_LISTED).map(({ files, detail }) => {
    const names = files.map((file) => `<span class="file">${name(file)}</span>`).join(" ");
    return `<li>${names} <span class="detail">${escapeHtml(detail)}</span></li>`;
  });
  const left = cases.length - MOST_LISTED;
  const end = left > 0 ? `<li>and ${number(left)} more, which --json lists</li>` : "";
  const items = `<ul class="list">${rows.join("\n")}${end}</ul>`;
  return more ? `<details><summary>${number(cases.length)} more</summary>${items}</details>` : items;
}

const countOf = ({ files, cases }: Finding) => (files === 0 ? cases.length : files);
const badge = (effect: FindingEffect) => `<span class="badge ${effect}">${effects[effect]}</span>`;
const number = (value: number) => value.toLocaleString("en-US");
/** A name from outside, whose letters may run from right to left. */
const name = (text: string) => `<bdi>${escapeHtml(text)}</bdi>`;
