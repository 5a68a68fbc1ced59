import type { ModelSource } from "../../formats/model-files.ts";
import { InputError } from "../../util/errors.ts";

/** What runs model files and is not Fovea. It need not be installed. */
export interface OtherEngine {
  readonly name: string;
  /** What npm is asked for to have it. */
  readonly packages: readonly string[];
  /** What a file has in front of its network to prepare photos is run too; else it is asked about photos that Fovea has prepared. */
  readonly runsPreparation: boolean;
  /** Fails as an import does where a package is missing. */
  load(): Promise<LoadedEngine>;
}

export interface LoadedEngine {
  readonly version: string;
  /** @throws CannotRun, Refused; and so does what it opens */
  open(source: ModelSource): Promise<OpenModel>;
}

/** A model in an engine. */
export interface OpenModel {
  /** From [batch, height, width, channels], prepared or as bytes, to [batch, outputs]. */
  predict(images: EngineInput): Promise<Float32Array>;
  close(): Promise<void>;
}

export interface EngineInput {
  readonly shape: readonly [batch: number, height: number, width: number, channels: number];
  readonly values: Float32Array | Uint8Array;
}

/** Nothing is said against the file: the engine lacks something that is in it. */
export class CannotRun extends Error {
  override readonly name = "CannotRun";
}

/** The file is at fault. */
export class Refused extends Error {
  override readonly name = "Refused";
}

/** Tells the two apart by what an engine says. */
export const explainBy =
  (lacks: RegExp) =>
  (error: unknown): never => {
    const text = error instanceof Error ? error.message : String(error);
    const [first] = text.split("\n");
    const lacking = lacks.test(text) || (error instanceof InputError && error.code === "export.no-equal");
    throw lacking ? new CannotRun(first, { cause: error }) : new Refused(first, { cause: error });
  };

/** What an import fails with where a package, or one that it needs, is not installed. */
export function isMissing(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND";
}
