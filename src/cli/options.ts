import type { Command } from "commander";
import { z } from "zod";
import { backendNames } from "../backends/choose.ts";
import { networkNames } from "../core/networks/table.ts";

/** The values of options that choose a thing by its name. */
const choices: Readonly<Record<string, readonly string[]>> = { model: networkNames, backend: backendNames };

/** `imageSize` as the command line calls it: `--image-size`. */
export function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** Adds a flag for each option of a schema, with its sentence, its choices and its default. */
export function addSchemaOptions(command: Command, shape: Readonly<Record<string, z.ZodType>>): Command {
  for (const [name, schema] of Object.entries(shape)) {
    const fallback = schema.parse(undefined);
    const { type, enum: listed } = z.toJSONSchema(schema, { io: "input" });
    const named = choices[name] ?? listed;
    const known = named ? `: ${named.join(", ")}` : "";
    const text = `${lowerFirst(schema.description ?? "")}${known}`;
    const withDefault = fallback === undefined ? text : `${text} (default: ${fallback})`;
    if (type === "boolean") command.option(flagOf(name), text);
    else if (type === "integer" || type === "number")
      command.option(`${flagOf(name)} <number>`, withDefault, toNumber);
    else command.option(`${flagOf(name)} ${named ? "<name>" : "<value>"}`, withDefault);
  }
  return command;
}

export function addBackendOption(command: Command): Command {
  return command.option("--backend <name>", `what computes: ${backendNames.join(", ")} (default: auto)`);
}

/** What is no decimal number stays text, for the schema to refuse with what it expects. */
export function toNumber(text: string): number | string {
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text.trim()) ? Number(text) : text;
}

const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);
