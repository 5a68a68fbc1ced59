import { z } from "zod";
import type { AugmentBatch } from "../data/augment/augment-batch.ts";
import { type DataProblem, type LoadedSample, loadSamples } from "../data/load.ts";
import { fetchFloats } from "../data/prepare.ts";
import { openSource } from "../data/source.ts";
import { InputError } from "../util/errors.ts";
import { RandomStream } from "../util/random.ts";
import { augmentFor } from "./augment-for.ts";
import type { Machine } from "./machine.ts";
import { type Variant, type Variants, writeVariants } from "./pictures.ts";
import { ruleFor, ruleOptions } from "./rule-for.ts";
import { parseOptions, trainOptionsSchema } from "./train-options.ts";

/** Changed versions of each photo, beside itself. */
const VARIANTS = 7;

const { seed, augment } = trainOptionsSchema.shape;

/** What `preview` takes; all but `photos` as `train` takes it. */
export const previewOptionsSchema = z.object({
  photos: z.number().int().min(1).max(64).default(6).describe("Photos to show, chosen by the seed"),
  augment: augment
    .unwrap()
    .default("standard")
    .describe(augment.description ?? ""),
  ...ruleOptions,
  seed,
});

export interface PreviewRequest extends z.input<typeof previewOptionsSchema> {
  /** The folder of photos, one sub-folder a class. */
  readonly data: string;
  /** The picture, which must be new; by default the next free `preview-<data>-<n>.png`. */
  readonly out?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface PreviewResult {
  readonly file: string;
  readonly problems: readonly DataProblem[];
}

/**
 * Draws some photos of a folder, each beside versions of itself as augmentation shows them to training in its first epochs.
 * @throws InputError `data.…`, `option.bad-value`, `augment.…`, `preview.exists`
 */
export async function preview(machine: Machine, request: PreviewRequest): Promise<PreviewResult> {
  const { data, out, signal, ...given } = request;
  const options = parseOptions(previewOptionsSchema, given);
  const preprocessing = ruleFor(options);
  const change = augmentFor(options, preprocessing, machine);
  const file = await freeFile(machine, data, out);
  const { classNames, samples, platform, close } = await openSource(machine, data, { signal });
  const chosen = new RandomStream(options.seed, "preview").shuffled(samples).slice(0, options.photos);
  const { loaded, problems } = await loadSamples(
    platform,
    chosen,
    preprocessing,
    signal && { signal },
  ).finally(close);
  if (loaded.length === 0) {
    throw new InputError("data.no-images", `Expected photos in "${data}", found none that can be read`);
  }
  const epochs = change ? Array.from({ length: VARIANTS }, (_, epoch) => epoch) : [];
  const versions = await Promise.all(
    epochs.map((epoch) => versionsOf(loaded, classNames, change as AugmentBatch, epoch)),
  );
  const shown = await Promise.all(
    loaded.map(
      async ({ sample, image }, row): Promise<Variants> => ({
        photo: { className: classNames[sample.classIndex], image: await fetchFloats(image) },
        fileName: machine.baseName(sample.path),
        versions: versions.map((all) => all[row]),
      }),
    ),
  );
  await writeVariants(machine, file, shown, options.augment, preprocessing);
  return { file, problems };
}

/** All photos as one batch of an epoch. */
async function versionsOf(
  loaded: readonly LoadedSample[],
  classNames: readonly string[],
  change: AugmentBatch,
  epoch: number,
): Promise<Variant[]> {
  const length = loaded[0].image.length;
  const images = new Float32Array(loaded.length * length);
  const labels = new Float32Array(loaded.length * classNames.length);
  const fetched = await Promise.all(loaded.map(({ image }) => image.fetch()));
  for (const [row, image] of fetched.entries())
    image.copyTo(images.subarray(row * length, (row + 1) * length));
  loaded.forEach(({ sample }, row) => {
    labels[row * classNames.length + sample.classIndex] = 1;
  });
  const classes = loaded.map(({ sample }) => sample.classIndex);
  await change({ images, labels, classes }, { epoch, batch: 0, indices: [...loaded.keys()] });
  return loaded.map((_, row) => ({
    className: nameOf(labels.subarray(row * classNames.length, (row + 1) * classNames.length), classNames),
    image: images.subarray(row * length, (row + 1) * length),
  }));
}

/** "cat", or "cat 70 %, dog 30 %" where two are mixed. */
function nameOf(label: Float32Array, classNames: readonly string[]): string {
  const shares = classNames.map((name, index) => ({ name, percent: Math.round(label[index] * 100) }));
  const mixed = shares.filter(({ percent }) => percent > 0).sort((a, b) => b.percent - a.percent);
  if (mixed.length === 1) return mixed[0].name;
  return mixed.map(({ name, percent }) => `${name} ${percent} %`).join(", ");
}

async function freeFile(machine: Machine, data: string, out: string | undefined): Promise<string> {
  if (out === undefined) {
    const name = machine.baseName(machine.absolute(data)) || "data";
    for (let n = 1; ; n++) {
      const file = `preview-${name}-${n}.png`;
      if ((await machine.kindOf(file)) === undefined) return file;
    }
  }
  if ((await machine.kindOf(out)) === undefined) return out;
  throw new InputError("preview.exists", `Expected --out to name a new file, found something at "${out}"`);
}
