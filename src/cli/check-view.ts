import type { Finding, FindingCase } from "../data/check/finding.ts";
import type { CheckProgress, CheckResult } from "../tasks/check.ts";
import { progress } from "./progress.ts";
import { table } from "./table.ts";
import type { Terminal } from "./terminal.ts";
import { printable, quoted } from "./text.ts";

/** Cases of a finding that are listed by name. */
const LISTED = 5;
/** Files of a case. */
const NAMED = 4;

const steps: Readonly<Record<CheckProgress["step"], string>> = {
  reading: "Reading photos",
  comparing: "Comparing photos",
  drawing: "Drawing pictures",
};

/** How the work goes on, for `terminal.update`. */
export function checkLine(terminal: Terminal, { step, done, total }: CheckProgress): string {
  return `${steps[step]} ${progress(terminal, done, total)}`;
}

/** What was found: first what training leaves out or refuses, then what it uses all the same. */
export function showCheck(terminal: Terminal, result: CheckResult): void {
  const { data, files, usable, excluded, classes, findings } = result;
  const leftOut = excluded === 1 ? "1 is left out" : `${excluded} are left out`;
  terminal.prose(
    `Checked ${files} files of ${classes.length} classes in ${quoted(data)}: ${usable} can be used, ${leftOut}.`,
  );
  const rows = classes.map((each) => [printable(each.name), each.files, each.usable, each.different]);
  for (const line of table([["class", "files", "usable", "different"], ...rows])) terminal.line(line);
  showFindings(
    terminal,
    "What train leaves out or refuses",
    findings.filter(({ effect }) => effect !== "used"),
  );
  showFindings(
    terminal,
    "What train uses, and is worth a look",
    findings.filter(({ effect }) => effect === "used"),
  );
  if (findings.length === 0) terminal.line("Nothing was found that is worth a look.");
  if (result.html !== undefined) terminal.line(`Pictures of all this: ${quoted(result.html)}`);
}

function showFindings(terminal: Terminal, heading: string, findings: readonly Finding[]): void {
  if (findings.length === 0) return;
  terminal.line();
  terminal.line(terminal.bold(heading));
  for (const finding of findings) showFinding(terminal, finding);
}

function showFinding(terminal: Terminal, { code, title, message, files, cases }: Finding): void {
  const count = files === 0 ? "" : files === 1 ? ": 1 file" : `: ${files} files`;
  terminal.line();
  terminal.prose(`  ${terminal.bold(title)}${count} [${code}]`, "    ");
  terminal.prose(`  ${message}`, "  ");
  for (const each of cases.slice(0, LISTED)) showCase(terminal, each);
  if (cases.length > LISTED) {
    terminal.line(`    … and ${cases.length - LISTED} more; --json lists all, --html shows them`);
  }
}

function showCase(terminal: Terminal, { files, detail }: FindingCase): void {
  const named = files.slice(0, NAMED).map(printable);
  const more = files.length > NAMED ? [`… and ${files.length - NAMED} more`] : [];
  const [first = "", ...others] = [...named, ...more];
  const text = terminal.dim(printable(detail));
  terminal.prose(`    ${first}${first === "" ? "" : "  "}${text}`, "      ");
  for (const other of others) terminal.line(`    ${other}`);
}
