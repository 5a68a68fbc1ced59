import { z } from "zod";
import { damagedModel } from "../hdf5/group.ts";

/** The parts of a TensorFlow.js model.json that a reader needs; its weights lie in other files. */

const sides = z.array(z.number().int().min(0));

const specSchema = z.object({
  name: z.string(),
  shape: sides,
  dtype: z.string(),
  /** Of an optimizer's state: "optimizer". */
  group: z.string().optional(),
  quantization: z
    .object({ dtype: z.string(), scale: z.number().optional(), min: z.number().optional() })
    .optional(),
});
export type WeightSpec = z.infer<typeof specSchema>;

const groupSchema = z.object({ paths: z.array(z.string()).min(1), weights: z.array(specSchema) });
export type WeightGroup = z.infer<typeof groupSchema>;

const modelSchema = z.object({
  format: z.string().nullish(),
  modelTopology: z.record(z.string(), z.unknown()).nullish(),
  weightsManifest: z.array(groupSchema),
  userDefinedMetadata: z.record(z.string(), z.unknown()).nullish(),
});
export type TfjsModel = z.infer<typeof modelSchema>;

export function checkTfjsModel(value: unknown): TfjsModel {
  const model = modelSchema.safeParse(value);
  if (model.success) return model.data;
  throw damagedModel(
    `Expected a TensorFlow.js model, found JSON of another kind: ${z.prettifyError(model.error)}`,
  );
}
