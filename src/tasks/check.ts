import { type ClassCensus, classFindings, takeCensus } from "../data/check/class-findings.ts";
import { duplicateFindings } from "../data/check/duplicate-findings.ts";
import type { Finding } from "../data/check/finding.ts";
import { oddFindings } from "../data/check/odd-findings.ts";
import { type SurveyedPhoto, surveySamples } from "../data/check/survey.ts";
import { unreadFindings } from "../data/check/unread-findings.ts";
import { findNearDuplicates } from "../data/duplicates/near-duplicates.ts";
import type { PartName } from "../data/parts.ts";
import { openSource, type Source } from "../data/source.ts";
import { keptParts, type SplitManifest } from "../data/split-manifest.ts";
import { checkHtmlPath, writeCheckPage } from "./check-html.ts";
import type { Machine } from "./machine.ts";
import { readKeptSplit } from "./split-photos.ts";

export interface CheckRequest {
  /** A folder with a sub-folder a class (or with such folders in train, val and test), or a manifest. */
  readonly data: string;
  /** A run, or a split.json: no picture may lie in two of its parts. By default the parts that the data itself names. */
  readonly splitOf?: string | undefined;
  /** A new file for a page with pictures of each finding. By default nothing is written. */
  readonly html?: string | undefined;
  readonly onProgress?: (progress: CheckProgress) => void;
  readonly signal?: AbortSignal;
}

export interface CheckProgress {
  readonly step: "reading" | "comparing" | "drawing";
  readonly done: number;
  readonly total: number;
}

export interface CheckResult {
  readonly data: string;
  readonly files: number;
  /** Files that training can use. */
  readonly usable: number;
  /** Files that training leaves out, those among them that no class's folder gives out. */
  readonly excluded: number;
  readonly classes: readonly ClassCensus[];
  readonly findings: readonly Finding[];
  /** The page that was written. */
  readonly html?: string;
}

/**
 * Looks through data for what spoils a classifier: files that cannot be used, odd pictures, copies, leaks and lopsided classes.
 * Changes nothing. What it keeps of a photo is about 2 KB, whatever its size.
 * @throws InputError `data.…`, `manifest.…`, `split.…`, `check.html-exists`, `run.inside-photos`; the signal's reason when it aborts
 */
export async function check(machine: Machine, request: CheckRequest): Promise<CheckResult> {
  const { data, splitOf, html, signal } = request;
  if (html !== undefined) await checkHtmlPath(machine, html, data);
  const kept = splitOf === undefined ? undefined : await readKeptSplit(machine, splitOf);
  const source = await openSource(machine, data, { signal });
  try {
    return await checkSource(machine, request, source, kept);
  } finally {
    await source.close();
  }
}

async function checkSource(
  machine: Machine,
  request: CheckRequest,
  { platform, samples, classNames, skipped }: Source,
  kept: SplitManifest | undefined,
): Promise<CheckResult> {
  const { data, html, signal } = request;
  const report = (step: CheckProgress["step"]) => (done: number, total: number) =>
    request.onProgress?.({ step, done, total });
  const options = { ...(signal && { signal }) };
  const { photos, unread } = await surveySamples(platform, samples, {
    ...options,
    onProgress: report("reading"),
  });
  const groups = await findNearDuplicates(
    photos.map(({ fingerprint }) => fingerprint),
    { ...options, onProgress: report("comparing") },
  );
  const classes = takeCensus(classNames, photos, unread);
  const parts = kept === undefined ? photos.map(({ sample }) => sample.part) : partsOf(kept, photos);
  const result: CheckResult = {
    data,
    files: samples.length + skipped.length,
    usable: photos.length,
    excluded: unread.length + skipped.length,
    classes,
    findings: [
      ...unreadFindings(unread, skipped),
      ...classFindings(classes),
      ...duplicateFindings(photos, groups, classNames, parts),
      ...oddFindings(photos),
    ],
  };
  if (html === undefined) return result;
  const paths = new Map(samples.map(({ relativePath, path }) => [relativePath, path]));
  await writeCheckPage(machine, { ...options, result, html, platform, paths, onProgress: report("drawing") });
  return { ...result, html };
}

function partsOf(
  kept: Parameters<typeof keptParts>[0],
  photos: readonly SurveyedPhoto[],
): (PartName | undefined)[] {
  return keptParts(
    kept,
    photos.map(({ hash, sample }) => ({ hash, ...sample })),
  );
}
