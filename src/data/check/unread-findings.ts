import type { SkippedFile } from "../scan.ts";
import { type Finding, type FindingKind, toFindings } from "./finding.ts";
import type { UnreadFile } from "./survey.ts";

const excluded = (title: string, message: string): FindingKind => ({ title, message, effect: "excluded" });

/** In the order in which they are told. What has no entry here is told as "image.unreadable". */
const kinds: Readonly<Record<string, FindingKind>> = {
  "file.unreadable": excluded(
    "Cannot be read",
    "The machine does not give these files out; train leaves them out.",
  ),
  "file.skipped": excluded(
    "Passed over",
    "These are neither files nor folders of a class, or links that lead nowhere or to folders; train passes over them.",
  ),
  "image.empty": excluded("Empty", "These files have no content; train leaves them out."),
  "image.unsupported": excluded(
    "Not an image",
    "The content of these files is no image, or of a format that is not read, whatever their names say; train leaves them out.",
  ),
  "image.cut-short": excluded(
    "Cut short",
    "These images end too early, as after a broken download; train leaves them out. Fetch them again.",
  ),
  "image.corrupt": excluded(
    "Damaged",
    "These images do not decode; train leaves them out. Fetch them again.",
  ),
  "image.too-large": excluded(
    "Too large",
    "These images have more pixels, or more scans, than are decoded; train leaves them out.",
  ),
  "image.unreadable": excluded("Not usable", "These files cannot be used; train leaves them out."),
};

/** Of files that training leaves out. */
export function unreadFindings(unread: readonly UnreadFile[], skipped: readonly SkippedFile[]): Finding[] {
  const cases = [
    ...unread.map((file) => ({
      code: codeOf(file),
      files: [file.sample.relativePath],
      detail: detailOf(file),
    })),
    ...skipped.map(({ relativePath, reason }) => ({
      code: "file.skipped",
      files: [relativePath],
      detail: reason,
    })),
  ];
  return Object.entries(kinds).flatMap(([code, kind]) =>
    toFindings(
      code,
      kind,
      cases.filter((each) => each.code === code).map(({ files, detail }) => ({ files, detail })),
    ),
  );
}

function codeOf({ code, reason }: UnreadFile): string {
  if (code.startsWith("file.")) return "file.unreadable";
  if (code === "image.unsupported" && reason.endsWith("an empty file")) return "image.empty";
  return Object.hasOwn(kinds, code) ? code : "image.unreadable";
}

function detailOf({ code, reason, decodedShare }: UnreadFile): string {
  if (code !== "image.cut-short" && code !== "image.corrupt") return reason;
  if (decodedShare === undefined || decodedShare === 0) return `${reason}; nothing of it decodes`;
  if (decodedShare >= 1) return `${reason}; all rows decode, but not all that they show`;
  const percent = Math.max(1, Math.round(100 * decodedShare));
  return `${reason}; the upper ${percent} % of it decode`;
}
