import type { LoadedSample } from "../data/load.ts";
import type { PartName } from "../data/parts.ts";
import { parseSplitManifest, type SplitManifest } from "../data/split-manifest.ts";
import { InputError } from "../util/errors.ts";
import type { Classifier } from "./classifier.ts";
import type { Machine } from "./machine.ts";
import { runFiles } from "./run-folder.ts";

/** How many of the judged photos lie in each part of the split that the model was made with, by content. */
export type SeenPhotos = Readonly<Record<PartName, number>>;

/** The folder of the run that a model file lies in, if it lies in one. */
export async function runOf(machine: Machine, { run, path }: Classifier): Promise<string | undefined> {
  const folder = run ?? machine.join(path, "..");
  return (await machine.kindOf(machine.join(folder, runFiles.split))) === "file" ? folder : undefined;
}

/** @throws InputError `split.bad-manifest`, `file.…` */
export async function readSplit(machine: Machine, run: string): Promise<SplitManifest> {
  const bytes = await machine.readFile(machine.join(run, runFiles.split));
  return parseSplitManifest(new TextDecoder().decode(bytes));
}

/** Counts photos that the run knows, wherever they lie now. */
export function countSeen(manifest: SplitManifest, samples: readonly LoadedSample[]): SeenPhotos {
  const partOf = new Map<string, PartName>();
  for (const { hash, part } of manifest.files) {
    if (hash !== null && part !== "excluded" && !partOf.has(hash)) partOf.set(hash, part); // training comes first
  }
  const seen = { train: 0, validation: 0, test: 0 };
  for (const { hash } of samples) {
    const part = partOf.get(hash);
    if (part !== undefined) seen[part]++;
  }
  return seen;
}

/** What the rates are worth where photos are judged that made the model. */
export function noticesOfSeen({ train, validation }: SeenPhotos, total: number): string[] {
  if (train + validation === 0) return [];
  const parts = [
    ...(train > 0 ? [`${train} were trained on`] : []),
    ...(validation > 0 ? [`${validation} chose the best epoch`] : []),
  ];
  return [
    `Of these ${total} photos, ${parts.join(" and ")}: rates on photos that the model knows say nothing of new ones.`,
  ];
}

/**
 * Writes down, in the run, that its test photos have been judged again, and from the second time on says what that means: test
 * photos are for one look at the end, and a model that is chosen by them looks better than it is.
 */
export async function recordTestUse(
  machine: Machine,
  run: string,
  images: number,
  accuracy: number,
): Promise<string[]> {
  const path = machine.join(run, runFiles.testUses);
  const line = `${JSON.stringify({ at: machine.now().toISOString(), images, accuracy })}\n`;
  try {
    const before = (await machine.kindOf(path)) === "file" ? await machine.readFile(path) : new Uint8Array();
    await machine.appendFile(path, new TextEncoder().encode(line));
    const uses = 1 + before.filter((byte) => byte === 0x0a).length;
    if (uses === 1) return []; // one look is what test photos are for
    return [
      `The test part of this run has been judged ${uses} times since training did (${runFiles.testUses}). Choose and tune by the validation part: what is chosen by the test part looks better than it is.`,
    ];
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return [`That the test part was judged could not be written down: ${error.message}`];
  }
}
