import { z } from "zod";
import { InputError, suggest } from "../../util/errors.ts";
import { adam } from "./adam.ts";
import type { OptimizerDefinition } from "./define.ts";
import { sgd } from "./sgd.ts";

/** Every optimizer that Fovea knows, by Keras's class name. */
const optimizerDefinitions: ReadonlyMap<string, OptimizerDefinition> = new Map(
  [adam, sgd].map((definition) => [definition.className, definition as OptimizerDefinition]),
);

/** An optimizer with its complete configuration. */
export interface Optimizer {
  readonly definition: OptimizerDefinition;
  readonly config: { readonly learningRate: number } & Readonly<Record<string, unknown>>;
}

export function hasOptimizer(className: string): boolean {
  return optimizerDefinitions.has(className);
}

/** Keys of a configuration that the optimizer does not have. */
export function unknownSettings(
  { definition }: Optimizer,
  config: Readonly<Record<string, unknown>>,
): string[] {
  const known = definition.config instanceof z.ZodObject ? definition.config.shape : {};
  return Object.keys(config).filter((key) => !Object.hasOwn(known, key));
}

/** @throws InputError `optimizer.unknown` or `optimizer.bad-config` */
export function createOptimizer(
  className: string,
  config: Readonly<Record<string, unknown>> = {},
): Optimizer {
  const definition = optimizerDefinitions.get(className);
  if (!definition) {
    const names = [...optimizerDefinitions.keys()];
    throw new InputError(
      "optimizer.unknown",
      `Unknown optimizer "${className}". ${suggest(className, names)}`,
    );
  }
  const parsed = definition.config.safeParse(config);
  if (!parsed.success) {
    const problem = parsed.error.issues[0];
    throw new InputError(
      "optimizer.bad-config",
      `${className}: ${problem.path.join(".")}: ${problem.message}`,
    );
  }
  return { definition, config: parsed.data as Optimizer["config"] };
}
