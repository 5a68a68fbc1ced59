import { z } from "zod";
import { parseAugmentations } from "../data/augment/parse.ts";
import { parseSplitChoice } from "../data/split-choice.ts";
import { InputError } from "../util/errors.ts";
import { ruleOptions } from "./rule-for.ts";
import { tensorBoardOptions } from "./tensorboard-options.ts";

/** What `train` takes. The command line, `config.json` and the library share these names, defaults and sentences. */
export const trainOptionsSchema = z.object({
  epochs: z.number().int().min(1).default(20).describe("Times that training sees each photo"),
  batchSize: z.number().int().min(1).default(32).describe("Photos in one update of the weights"),
  ...ruleOptions,
  split: z
    .string()
    .default("70,20,10")
    .describe(
      "Percent of the photos for training, validation and test; or a run (or split.json) whose photos keep their part; or keras[:0.2], as image_dataset_from_directory splits",
    ),
  groupBy: z
    .string()
    .optional()
    .describe(
      "What stays on one side of the split: a regular expression over paths such as 'S\\d+' (its first group where it has one), or a column of a manifest",
    ),
  duplicates: z
    .enum(["group", "ignore"])
    .optional()
    .describe(
      "Keep near-duplicates on one side of the split (group; the default up to 100,000 photos), or do not look for them and begin to train before all photos are decoded (ignore)",
    ),
  seed: z
    .number()
    .int()
    .min(0)
    .max(Number.MAX_SAFE_INTEGER)
    .default(0)
    .describe("Any number; the same one gives the same split, first weights and order"),
  model: z.string().default("report").describe("The network"),
  from: z
    .string()
    .optional()
    .describe(
      "A run or a model file to go on from: its network, weights, loss, optimizer, preparation of photos and classes",
    ),
  learningRate: z.number().positive().default(0.001).describe("How far an update moves the weights (Adam)"),
  augment: z
    .string()
    .default("none")
    .describe(
      "What varies the photos in training: none, light, standard, strong, or a list such as flip,rotation=0.05",
    ),
  backend: z.string().default("auto").describe("What computes"),
  ...tensorBoardOptions,
});

export type TrainOptions = z.infer<typeof trainOptionsSchema>;
export type GivenTrainOptions = z.input<typeof trainOptionsSchema>;

/** What a caller calls an option: `imageSize` in a program, `--image-size` on a command line. */
export type NameOption = (name: string) => string;

/**
 * Completes and checks the options.
 * @throws InputError `option.bad-value`, `split.bad-ratios`, `split.bad-keras`, `augment.…`
 */
export function parseTrainOptions(given: GivenTrainOptions, nameOption?: NameOption): TrainOptions {
  const options = parseOptions(trainOptionsSchema, given, nameOption);
  parseSplitChoice(options.split);
  parseAugmentations(options.augment);
  return options;
}

/** @throws InputError `option.bad-value` that names the option, what it expects and what came */
export function parseOptions<Schema extends z.ZodObject>(
  schema: Schema,
  given: z.input<Schema>,
  nameOption: NameOption = (name) => name,
): z.output<Schema> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const name = String(parsed.error.issues[0].path[0]);
  const found = (given as Record<string, unknown>)[name];
  throw new InputError(
    "option.bad-value",
    `Expected ${nameOption(name)} to be ${expectation(schema.shape[name], found, parsed.error.issues[0].message)}, found ${typeof found === "string" ? `"${found}"` : found}`,
  );
}

/** In words, such as "a whole number from 1 to 4096". */
function expectation(schema: z.ZodType, found: unknown, issue: string): string {
  const { type, minimum, exclusiveMinimum, maximum, enum: choices } = z.toJSONSchema(schema, { io: "input" });
  if (choices !== undefined) return `one of ${choices.join(", ")}`;
  if (type === "boolean") return "true or false";
  if (type === "string" && typeof found === "string") return issue; // what a check of its own said
  if (type !== "integer" && type !== "number") return "text";
  const kind = type === "integer" ? "a whole number" : "a number";
  if (exclusiveMinimum !== undefined) return `${kind} above ${exclusiveMinimum}`;
  const open = maximum === undefined || (maximum === Number.MAX_SAFE_INTEGER && !(Number(found) > maximum));
  return open ? `${kind}, at least ${minimum}` : `${kind} from ${minimum} to ${maximum}`;
}
