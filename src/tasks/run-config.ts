import { z } from "zod";
import { InputError } from "../util/errors.ts";
import type { Machine, MachineDescription } from "./machine.ts";
import { runFiles } from "./run-folder.ts";
import { trainOptionsSchema } from "./train-options.ts";

/** `config.json`: what a run was asked to do, and where it was made. */
const runConfigSchema = z.object({
  data: z.string().describe("The folder of photos"),
  options: trainOptionsSchema,
  backend: z.string().describe("The backend that computed, with its instruction set and threads"),
  classes: z.array(z.string()),
  started: z.string().describe("ISO 8601"),
  finished: z.string().optional().describe("ISO 8601; missing while there is something left to do"),
  machine: z.custom<MachineDescription>(),
});

export type RunConfig = z.infer<typeof runConfigSchema>;

export async function writeRunConfig(machine: Machine, folder: string, config: RunConfig): Promise<void> {
  await machine.writeFile(machine.join(folder, runFiles.config), `${JSON.stringify(config, undefined, 2)}\n`);
}

/** @throws InputError `run.not-found`, `run.bad-config` */
export async function readRunConfig(machine: Machine, folder: string): Promise<RunConfig> {
  const path = machine.join(folder, runFiles.config);
  if ((await machine.kindOf(path)) !== "file") {
    throw new InputError(
      "run.not-found",
      `Expected a run folder with a ${runFiles.config}, found none in "${folder}"`,
    );
  }
  const text = new TextDecoder().decode(await machine.readFile(path));
  try {
    return runConfigSchema.parse(JSON.parse(text));
  } catch (cause) {
    const found = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
    throw new InputError("run.bad-config", `Expected the options of a run in "${path}", found: ${found}`, {
      cause,
    });
  }
}
