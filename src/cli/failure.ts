import { CommanderError } from "commander";
import { InputError, suggest } from "../util/errors.ts";
import { INTERRUPTED, writeJson } from "./context.ts";
import { printable } from "./text.ts";

const BAD_INPUT = 2;
const BUG = 1;

/** What went wrong, as `--json` tells it, and the exit status. */
interface Failure {
  readonly code: string;
  readonly message: string;
  readonly status: number;
  readonly details?: InputError["details"];
}

/**
 * Tells of an error in one line on standard error, with `--json` also as the one document, and returns the exit status:
 * 2 for a mistake of the user's, 130 for Ctrl-C, and 1 for a bug, which comes with its stack.
 */
export function reportFailure(error: unknown, commandNames: readonly string[]): number {
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  const failure = toFailure(error, commandNames);
  const showStack = failure.status === BUG || process.argv.includes("--debug");
  process.stderr.write(`fovea: ${printable(failure.message)} [${failure.code}]\n`);
  if (showStack) process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  const { code, message, details } = failure;
  if (process.argv.includes("--json")) writeJson({ error: { code, message, ...details } });
  return failure.status;
}

function toFailure(error: unknown, commandNames: readonly string[]): Failure {
  if (error instanceof CommanderError) return { ...ofUsage(error, commandNames), status: BAD_INPUT };
  if (error instanceof InputError) {
    const { code, message, details } = error;
    return { code, message, details, status: BAD_INPUT };
  }
  if (error instanceof Error && error.name === "AbortError") {
    return { code: "interrupted", message: "Stopped before there was a result", status: INTERRUPTED };
  }
  const text = error instanceof Error ? error.message : String(error);
  return { code: "bug", message: `This is a bug in Fovea, please report it: ${text}`, status: BUG };
}

/** Commander's messages in this house's words. */
function ofUsage(error: CommanderError, commandNames: readonly string[]): Pick<Failure, "code" | "message"> {
  const text = error.message.replace(/^error: /, "").replace(/\s*\n\s*/g, " ");
  const [, name = ""] = /'(.*?)'/.exec(text) ?? [];
  const [, near] = /\(Did you mean (.*)\?\)$/.exec(text) ?? [];
  const help = near ? `Did you mean ${near}?` : "See --help";
  switch (error.code) {
    case "commander.unknownCommand":
      return {
        code: "command.unknown",
        message: `Unknown command "${name}". ${suggest(name, commandNames)}`,
      };
    case "commander.unknownOption":
      return { code: "option.unknown", message: `Unknown option "${name}". ${help}` };
    case "commander.optionMissingArgument":
      return { code: "option.no-value", message: `Expected a value after ${name}, found none` };
    case "commander.missingArgument":
      return { code: "argument.missing", message: `Expected <${name}>, found none. See --help` };
    case "commander.excessArguments":
      return { code: "argument.excess", message: `${text} Put names with spaces in quotes` };
    default:
      return { code: "option.bad-usage", message: text };
  }
}
