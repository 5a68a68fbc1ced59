import { z } from "zod";
import { buildModel } from "../core/model.ts";
import { networkNames } from "../core/networks/table.ts";
import { type Preprocessing, preprocessingSchema } from "../data/preprocessing.ts";
import type { ModelSource } from "../formats/model-files.ts";
import { isWholeModel, type SavedModel } from "../formats/saved-model.ts";
import { modelExtensions, modelFormats, readModelFile, readWeightsFile } from "../formats/table.ts";
import { InputError } from "../util/errors.ts";
import { readClassNames } from "./class-names.ts";
import { type Classifier, inFile, toClassifier } from "./classifier.ts";
import { endsInProbabilities, withNormalization, withProbabilities } from "./extend-model.ts";
import { intoNetwork, type NetworkChoices } from "./into-network.ts";
import type { Machine } from "./machine.ts";
import { modelFileAt, openSource } from "./model-source.ts";
import { ruleOptions } from "./rule-for.ts";
import { writeImportedConfig } from "./run-config.ts";
import { checkIsFree, makeRunFolder, runFiles, withRun } from "./run-folder.ts";
import { parseOptions } from "./train-options.ts";
import { parseValueRange } from "./value-range.ts";

const { imageSize, resize, interpolation, antialias, decode, background, iccProfile, maxPixels } =
  ruleOptions;

/** What of the rule from a file to the model a model file may not say. By default: what it says, or train's default. */
export const importOptionsSchema = z.object({
  classes: z
    .string()
    .optional()
    .describe(
      "Class names in index order: cat,dog; or a file with a name a line, or JSON (default: the file's)",
    ),
  range: z
    .string()
    .optional()
    .describe(
      "What the bytes of a photo are to the model: 0..1, -1..1, 0..255, imagenet, or mean,…/deviation,… a channel (default: what the file says, or 0..1)",
    ),
  imageSize: imageSize
    .removeDefault()
    .optional()
    .describe("Side in pixels of the model's input, where the file leaves it open"),
  network: z
    .string()
    .optional()
    .describe(
      `What weights alone (.weights.h5, .safetensors, TensorFlow.js without its model) belong to: a run, a model file, or ${networkNames.join(", ")}`,
    ),
  resize: openOption(resize),
  interpolation: openOption(interpolation),
  antialias: openOption(antialias),
  decode: openOption(decode),
  background: z
    .string()
    .optional()
    .refine((text) => background.safeParse(text).success, "a colour such as white or #ff8800, or none")
    .describe(background.description ?? ""),
  iccProfile: openOption(iccProfile),
  maxPixels: openOption(maxPixels),
});

type ImportOptions = z.infer<typeof importOptionsSchema>;

export interface ImportRequest extends z.input<typeof importOptionsSchema> {
  /** A model file of any format that is read. */
  readonly file: string;
  /** A new folder; by default the next free `runs/<file>-<date>-<n>`. */
  readonly out?: string | undefined;
}

export interface ImportResult {
  readonly folder: string;
  readonly format: string;
  readonly classes: readonly string[];
  readonly parameters: number;
  /** What neither the file nor the caller said. */
  readonly assumed: readonly string[];
  readonly notices: readonly string[];
}

/**
 * Makes a run folder of a model file from elsewhere, for every command that uses a run. What was not trained here cannot be
 * resumed, and has no test photos.
 * @throws InputError `model.…`, `classes.…`, `option.…`, `run.exists`, `file.…`
 */
export async function importModel(machine: Machine, request: ImportRequest): Promise<ImportResult> {
  const { file, out, ...given } = request;
  const options = parseOptions(importOptionsSchema, given);
  if (out !== undefined) await checkIsFree(machine, out);
  const source = await sourceOf(machine, file);
  const names = options.classes === undefined ? undefined : await readClassNames(machine, options.classes);
  const { network } = options;
  const { read, said } = await inFile(file, () =>
    readWith(machine, source, network, { ...options, classes: names }),
  );
  const { saved, assumed } = await inFile(file, async () => completed(read, options, names));
  const classifier = await inFile(file, async () => toClassifier(file, saved));
  const folder = await makeRunFolder(machine, file, out);
  const format = formatOf(source);
  await withRun(machine, folder, () => writeRun(machine, folder, { classifier, format, options }));
  return {
    folder,
    format,
    classes: classifier.classNames,
    parameters: classifier.model.parameterCount,
    assumed,
    notices: [...said, ...classifier.notices],
  };
}

/** The model in a file, or with the weights in it. */
async function readWith(
  machine: Machine,
  source: ModelSource,
  network: string | undefined,
  choices: NetworkChoices,
) {
  if (network === undefined) return { read: await readModelFile(source, choices), said: [] };
  const file = await readWeightsFile(source);
  if (isWholeModel(file)) {
    const message = "Expected --network with weights alone, found a whole model";
    throw new InputError("option.conflict", message);
  }
  const { saved, notices } = await intoNetwork(machine, file, network, choices);
  return { read: saved, said: notices };
}

async function sourceOf(machine: Machine, file: string): Promise<ModelSource> {
  const found = await modelFileAt(machine, file);
  if (found !== undefined) return openSource(machine, found);
  const message = `Expected a model file (${modelExtensions}), found no file at "${file}"`;
  throw new InputError("model.not-found", message);
}

const formatOf = ({ bytes }: ModelSource) =>
  modelFormats.find(({ reading }) => reading?.recognises(bytes))?.name ?? "unknown";

/** The model with all that a run says of it, and what had to be taken for granted for that. */
function completed(read: SavedModel, options: ImportOptions, names: readonly string[] | undefined) {
  const assumed: string[] = [];
  const model = buildModel(read.description);
  let saved: SavedModel = { ...read, ...(names && { classes: names }) };
  if (saved.classes === undefined) assumed.push("classes by number (--classes names them)");
  if (!endsInProbabilities(model)) {
    saved = withProbabilities(saved, model);
    assumed.push(
      `outputs that are no probabilities yet, so a ${saved.description.layers.at(-1)?.config.activation} is put behind them`,
    );
  }
  const { rule, perChannel, unsaid } = ruleOf(read, options);
  if (perChannel) {
    checkChannels(read, perChannel.mean.length);
    saved = withNormalization(saved, perChannel);
  }
  const { extra: _, ...kept } = saved; // of a run that does not go on here
  return { saved: { ...kept, preprocessing: rule }, assumed: [...unsaid, ...assumed] };
}

function ruleOf({ preprocessing: said, description }: SavedModel, options: ImportOptions) {
  const { range, imageSize: side, classes: _, network: __, ...chosen } = options;
  const { layers, inputShape } = description;
  const [height, width, channels] = inputShape;
  if (side !== undefined && (side !== height || side !== width)) {
    const message = `Expected no --image-size for a model whose input is ${height}x${width}, found ${side}`;
    throw new InputError("option.conflict", message);
  }
  const rescales = layers[0]?.className === "Rescaling";
  const { perChannel, ...ends } = range === undefined ? { perChannel: undefined } : parseValueRange(range);
  const given = Object.fromEntries(Object.entries(chosen).filter(([, value]) => value !== undefined));
  const base = said ?? {
    height,
    width,
    colorMode: channels === 1 ? "grayscale" : "rgb",
    ...(rescales && { scale: 1 }),
  };
  const rule = { ...base, ...given, ...ends, ...(given.decode === "fast" && { antialias: true }) };
  const bytes = rescales ? "0..255, as its Rescaling takes them" : "0..1";
  const unsaid =
    said === undefined && range === undefined ? [`bytes as ${bytes} (--range says otherwise)`] : [];
  return { rule: checkedRule(rule), perChannel, unsaid };
}

function checkedRule(rule: Readonly<Record<string, unknown>>): Preprocessing {
  const parsed = preprocessingSchema.safeParse(rule);
  if (parsed.success) return parsed.data;
  const message = `The model's preprocessing: ${z.prettifyError(parsed.error)}`;
  throw new InputError("model.bad-preprocessing", message, { cause: parsed.error });
}

function checkChannels({ description }: SavedModel, found: number): void {
  const expected = description.inputShape[2];
  if (found === expected) return;
  throw new InputError(
    "option.bad-value",
    `Expected --range with a mean for each of ${expected} channels, found ${found}`,
  );
}

interface Imported {
  readonly classifier: Classifier;
  readonly format: string;
  readonly options: ImportOptions;
}

/** The model comes last: a folder without it is no run to any command. */
async function writeRun(machine: Machine, folder: string, { classifier, format, options }: Imported) {
  const { saved, classNames, path } = classifier;
  await writeImportedConfig(machine, folder, {
    imported: { file: machine.absolute(path), format },
    options,
    classes: [...classNames],
    finished: machine.now().toISOString(),
    machine: machine.describe(),
  });
  const classes = `${JSON.stringify(classNames, undefined, 2)}\n`;
  await machine.writeFile(machine.join(folder, runFiles.classes), classes);
  const h5 = modelFormats.find(({ name }) => name === "h5")!;
  const { pieces } = await h5.write({ ...saved, classes: classNames }, {});
  await machine.writeFile(machine.join(folder, runFiles.best), pieces);
}

/** The same option without its default. */
function openOption<Schema extends z.ZodType>(schema: z.ZodDefault<Schema>): z.ZodOptional<Schema> {
  return schema
    .unwrap()
    .optional()
    .describe(schema.description ?? "") as z.ZodOptional<Schema>;
}
