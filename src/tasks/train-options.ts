import { z } from "zod";
import { parseSplit } from "../data/split.ts";
import { InputError } from "../util/errors.ts";

/** Side of the largest image that is offered to a model. */
const LARGEST_SIDE = 4096;

/** What `train` takes. The command line, `config.json` and the library share these names, defaults and sentences. */
export const trainOptionsSchema = z.object({
  epochs: z.number().int().min(1).default(20).describe("How often training sees each photo"),
  batchSize: z.number().int().min(1).default(32).describe("Photos in one update of the weights"),
  imageSize: z
    .number()
    .int()
    .min(1)
    .max(LARGEST_SIDE)
    .default(256)
    .describe("Side in pixels of the square that photos are resized to"),
  split: z.string().default("70,20,10").describe("Percent of the photos for training, validation and test"),
  seed: z
    .number()
    .int()
    .min(0)
    .max(Number.MAX_SAFE_INTEGER)
    .default(0)
    .describe("Names the split, the first weights and the order of the photos"),
  model: z.string().default("report").describe("Architecture of the network"),
  learningRate: z.number().positive().default(0.001).describe("Of the optimizer, Adam"),
  backend: z.string().default("auto").describe("What computes: auto, native or reference"),
});

export type TrainOptions = z.infer<typeof trainOptionsSchema>;
export type GivenTrainOptions = z.input<typeof trainOptionsSchema>;

/**
 * Completes and checks the options.
 * @throws InputError `option.bad-value`, `split.bad-ratios`
 */
export function parseTrainOptions(given: GivenTrainOptions): TrainOptions {
  const options = parseOptions(trainOptionsSchema, given);
  parseSplit(options.split);
  return options;
}

/** @throws InputError `option.bad-value` that names the option, what it expects and what came */
export function parseOptions<Schema extends z.ZodObject>(
  schema: Schema,
  given: z.input<Schema>,
): z.output<Schema> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const name = String(issue.path[0]);
  const received = JSON.stringify((given as Record<string, unknown>)[name]);
  throw new InputError("option.bad-value", `Option ${name}: ${issue.message}; found ${received}`);
}
