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

/** `config.json` of a run that was not trained here. */
export interface ImportedRunConfig {
  readonly imported: { readonly file: string; readonly format: string };
  readonly options: Readonly<Record<string, unknown>>;
  readonly classes: readonly string[];
  /** ISO 8601 */
  readonly finished: string;
  readonly machine: MachineDescription;
}

export async function writeImportedConfig(
  machine: Machine,
  folder: string,
  config: ImportedRunConfig,
): Promise<void> {
  await machine.writeFile(machine.join(folder, runFiles.config), `${JSON.stringify(config, undefined, 2)}\n`);
}

/** @throws InputError `run.not-found`, `run.bad-config`, `run.imported` */
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
    const config: unknown = JSON.parse(text);
    refuseImported(config, folder);
    return runConfigSchema.parse(config);
  } catch (cause) {
    if (cause instanceof InputError) throw cause;
    const found = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
    throw new InputError("run.bad-config", `Expected the options of a run in "${path}", found: ${found}`, {
      cause,
    });
  }
}

const importedSchema = z.object({ imported: z.object({ file: z.string() }) });

function refuseImported(config: unknown, folder: string): void {
  const { data } = importedSchema.safeParse(config);
  if (data === undefined) return;
  throw new InputError(
    "run.imported",
    `Expected a run that was trained here, found "${folder}" imported from "${data.imported.file}": it has no training to go on with and no test photos (evaluate takes others with --data)`,
  );
}
