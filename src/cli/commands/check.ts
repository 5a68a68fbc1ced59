import { Command } from "commander";
import { nodeMachine } from "../../platform/node/node-machine.ts";
import { check } from "../../tasks/check.ts";
import { checkLine, showCheck } from "../check-view.ts";
import { type CommonOptions, type Context, inContext, writeJson } from "../context.ts";
import { throttle } from "../progress.ts";

interface CheckFlags extends CommonOptions {
  readonly splitOf?: string;
  readonly html?: string;
  readonly strict?: boolean;
}

const examples = `
Examples:
  fovea check photos/ --html check.html
  fovea check photos/ --split-of runs/photos-2026-01-31-1     does that split leak?
  fovea check photos/ --strict && fovea train photos/`;

/** Exit status of `--strict` where something is left out. */
const FOUND = 1;

export function checkCommand(): Command {
  return new Command("check")
    .description("Find what spoils a classifier in a folder of photos; changes nothing")
    .argument("<data>", "a folder with a sub-folder a class, or a manifest (.csv, .jsonl)")
    .option("--split-of <run>", "find pictures that lie on two sides of the split of a run (or a split.json)")
    .option("--html <file>", "write a page with pictures of all that is found (default: nothing is written)")
    .option("--strict", "exit 1 where train would leave something out or refuse the data")
    .option("--json", "print one JSON document")
    .addHelpText("after", examples)
    .action((data: string, flags: CheckFlags) => inContext(flags, (context) => run(context, data, flags)));
}

async function run(
  { terminal, json, signal }: Context,
  data: string,
  { splitOf, html, strict = false }: CheckFlags,
): Promise<void> {
  const draw = throttle(terminal);
  const result = await check(nodeMachine, {
    data,
    splitOf,
    html,
    signal,
    onProgress: (progress) => draw(() => checkLine(terminal, progress)),
  });
  terminal.settle();
  if (json) writeJson(result);
  else showCheck(terminal, result);
  if (strict && result.findings.some(({ effect }) => effect !== "used")) process.exitCode = FOUND;
}
