#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { packageVersion } from "../platform/node/node-machine.ts";
import { InputError } from "../util/errors.ts";
import { demoCommand } from "./commands/demo.ts";
import { evaluateCommand } from "./commands/evaluate.ts";
import { predictCommand } from "./commands/predict.ts";
import { summaryCommand } from "./commands/summary.ts";
import { trainCommand } from "./commands/train.ts";
import { writeJson } from "./context.ts";
import { printable } from "./terminal.ts";

const BAD_INPUT = 2;
const BUG = 1;
const INTERRUPTED = 130;

const commands = [demoCommand, trainCommand, evaluateCommand, predictCommand, summaryCommand];

function createProgram(): Command {
  const program = new Command("fovea")
    .description("Train, judge and use image classifiers from a folder of photos")
    .version(packageVersion())
    .option("--debug", "print the stack of an error")
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ outputError: () => {} });
  for (const command of commands) {
    const subcommand = command().option("--debug", "print the stack of an error").showSuggestionAfterError();
    program.addCommand(subcommand.exitOverride().configureOutput({ outputError: () => {} }));
  }
  return program;
}

/** One line for a mistake of the user's (status 2), the stack for one of ours (status 1). */
function report(error: unknown): number {
  const debug = process.argv.includes("--debug");
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    return refuse("option.bad-usage", error.message.replace(/^error: /, "").replace(/\s*\n\s*/g, " "));
  }
  if (error instanceof InputError) {
    if (debug) process.stderr.write(`${error.stack}\n`);
    return refuse(error.code, error.message);
  }
  if (error instanceof Error && error.name === "AbortError") return INTERRUPTED;
  const text = error instanceof Error ? error.stack : String(error);
  process.stderr.write(`fovea: this is a bug in Fovea, please report it\n${text}\n`);
  return BUG;
}

function refuse(code: string, message: string): number {
  process.stderr.write(`fovea: ${printable(message)} [${code}]\n`);
  if (process.argv.includes("--json")) writeJson({ error: { code, message } });
  return BAD_INPUT;
}

/** A reader that has seen enough, such as `head`, closes the pipe: that is no error. */
function endQuietlyWithPipe(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") process.exit(process.exitCode ?? 0);
  throw error;
}

process.stdout.on("error", endQuietlyWithPipe);
process.stderr.on("error", endQuietlyWithPipe);
try {
  await createProgram().parseAsync();
} catch (error) {
  process.exitCode = report(error);
}
