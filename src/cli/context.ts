import { InputError } from "../util/errors.ts";
import { createTerminal, type Terminal } from "./terminal.ts";

/** What every command takes. */
export interface CommonOptions {
  readonly json?: boolean;
}

/** What a command runs in. */
export interface Context {
  /** For people. With `--json` it is standard error, so that standard output holds the document alone. */
  readonly terminal: Terminal;
  readonly json: boolean;
  /** Aborts at the first Ctrl-C; the second ends the process at once. */
  readonly signal: AbortSignal;
}

export function createContext({ json = false }: CommonOptions): Context {
  const terminal = createTerminal(json ? process.stderr : process.stdout);
  return { terminal, json, signal: interruptSignal(terminal) };
}

/** The one document of `--json`. Numbers that JSON has no word for become null. */
export function writeJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
}

/** @throws InputError `option.bad-value` */
export function numberOption(name: string): (text: string) => number {
  return (text) => {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if (Number.isNaN(value))
      throw new InputError("option.bad-value", `Expected a number for ${name}, found "${text}"`);
    return value;
  };
}

function interruptSignal(terminal: Terminal): AbortSignal {
  const controller = new AbortController();
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(130);
    terminal.settle("Stopping after what is under way, with everything saved. Ctrl-C again stops at once.");
    controller.abort();
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  return controller.signal;
}
