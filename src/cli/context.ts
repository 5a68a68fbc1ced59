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

/** Exit status of a process that Ctrl-C ended. */
export const INTERRUPTED = 130;
/** One Ctrl-C may come twice: from the terminal, and passed on by npx. */
const SAME_MOMENT_MS = 400;

/** Runs a command; no line is left open behind it, however it ends. */
export async function inContext(
  { json = false }: CommonOptions,
  command: (context: Context) => Promise<void>,
): Promise<void> {
  const terminal = createTerminal(json ? process.stderr : process.stdout);
  try {
    await command({ terminal, json, signal: interruptSignal(terminal) });
  } finally {
    terminal.settle();
  }
}

/** The one document of `--json`. Numbers that JSON has no word for become null. */
export function writeJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
}

function interruptSignal(terminal: Terminal): AbortSignal {
  const controller = new AbortController();
  let first: number | undefined;
  const interrupt = () => {
    if (first !== undefined) {
      if (performance.now() - first > SAME_MOMENT_MS) process.exit(INTERRUPTED);
      return;
    }
    first = performance.now();
    terminal.line(terminal.dim("Stopping … (Ctrl-C again ends at once)"));
    controller.abort();
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  return controller.signal;
}
