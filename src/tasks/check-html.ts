import { mapFromBothEnds } from "../data/both-ends.ts";
import type { Finding } from "../data/check/finding.ts";
import type { Platform } from "../data/platform.ts";
import { shrinkInto } from "../data/reduce.ts";
import { InputError } from "../util/errors.ts";
import type { CheckResult } from "./check.ts";
import type { Machine } from "./machine.ts";
import { liesIn } from "./run-folder.ts";

/** Pixels of the longer side of a picture on the page. */
const PICTURE_SIDE = 192;
/** Cases of a finding that have pictures, and pictures of a case. */
const MOST_CASES = 24;
const MOST_OF_A_CASE = 6;

/** What tells a page of ours from any other file. */
const GENERATOR = '<meta name="generator" content="fovea check">';

/**
 * Refuses a file that is none of ours, or would lie among the photos; asked before the work.
 * @throws InputError `check.html-exists`, `run.inside-photos`
 */
export async function checkHtmlPath(machine: Machine, html: string, data: string): Promise<void> {
  if (liesIn(machine, html, data)) {
    throw new InputError(
      "run.inside-photos",
      `Expected --html outside of the photos in "${data}", found "${html}"`,
    );
  }
  const kind = await machine.kindOf(html);
  if (kind === undefined) return;
  const head = kind === "file" ? new TextDecoder().decode(await machine.readHead(html, 1024)) : "";
  if (head.includes(GENERATOR)) return;
  const found = kind === "file" ? "another file" : "a folder";
  throw new InputError(
    "check.html-exists",
    `Expected --html to name a new file or a page of an earlier check, found ${found} at "${html}"`,
  );
}

export interface CheckPageRequest {
  readonly result: CheckResult;
  readonly html: string;
  /** The machine, as it reads the photos. */
  readonly platform: Platform;
  /** Where each photo is, by its path from the data folder on. */
  readonly paths: ReadonlyMap<string, string>;
  readonly onProgress: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** Writes the page. Photos that it shows are read once more, so that none had to be kept. */
export async function writeCheckPage(machine: Machine, request: CheckPageRequest): Promise<void> {
  const { result, html, platform, paths, onProgress, signal } = request;
  const { checkPage } = await import("../report/check-page.ts");
  const wanted = [...new Set(result.findings.flatMap(shownFiles))];
  const sizes = await Promise.all(wanted.map((file) => platform.sizeOf(paths.get(file) ?? file)));
  let done = 0;
  const drawn = await mapFromBothEnds(wanted, sizes, Math.max(2, platform.cores), async (file) => {
    signal?.throwIfAborted();
    const path = paths.get(file);
    const picture = path === undefined ? undefined : await draw(platform, path);
    onProgress(++done, wanted.length);
    return [file, picture] as const;
  });
  const pictures = new Map(drawn.flatMap(([path, picture]) => (picture ? [[path, picture] as const] : [])));
  const title = machine.baseName(machine.absolute(result.data)) || result.data;
  const page = checkPage({ ...result, title, generator: GENERATOR, when: machine.now(), pictures });
  await machine.writeFile(html, page);
}

const shownFiles = ({ cases }: Finding) =>
  cases.slice(0, MOST_CASES).flatMap(({ files }) => files.slice(0, MOST_OF_A_CASE));

/** A small JPEG; undefined where nothing can be had. */
async function draw(platform: Platform, path: string): Promise<Uint8Array | undefined> {
  try {
    const bytes = await platform.readFile(path);
    const image = await platform.decode(bytes).catch(() => platform.decodeDamaged(bytes));
    return image && (await platform.encodeJpeg(shrinkInto(image, PICTURE_SIDE)));
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}
