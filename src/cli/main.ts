#!/usr/bin/env node
import { Command } from "commander";
import { keepMemorySmall } from "../platform/node/collect.ts";
import { packageVersion } from "../platform/node/package-version.ts";
import { reportFailure } from "./failure.ts";
import { surviveLostOutput } from "./lost-output.ts";

/** Each is loaded with all that it needs only when it is asked for. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  demo: async () => (await import("./commands/demo.ts")).demoCommand(),
  check: async () => (await import("./commands/check.ts")).checkCommand(),
  train: async () => (await import("./commands/train.ts")).trainCommand(),
  preview: async () => (await import("./commands/preview.ts")).previewCommand(),
  evaluate: async () => (await import("./commands/evaluate.ts")).evaluateCommand(),
  predict: async () => (await import("./commands/predict.ts")).predictCommand(),
  export: async () => (await import("./commands/export.ts")).exportCommand(),
  import: async () => (await import("./commands/import.ts")).importCommand(),
  summary: async () => (await import("./commands/summary.ts")).summaryCommand(),
  bench: async () => (await import("./commands/bench.ts")).benchCommand(),
};

/** Those that run for minutes, and whose memory is kept small. */
const training = ["train", "demo"];

const examples = `
Examples:
  fovea demo                     see the whole job on drawn faces
  fovea train photos/            of photos/cats/*.jpg, photos/dogs/*.jpg, …
  fovea predict runs/photos-2026-01-31-1 new.jpg

"fovea help train" explains a command.`;

/** With the command that the arguments name; with all of them where they name none, for help or a near name. */
async function createProgram([name = ""]: readonly string[]): Promise<Command> {
  const loaded = await Promise.all(wantedOf(name).map((load) => load()));
  const program = new Command("fovea")
    .description("Train, judge and use image classifiers from a folder of photos")
    .version(packageVersion(), "-V, --version", "print the version")
    .addHelpText("after", examples)
    .configureHelp({ subcommandTerm: (command) => command.name() });
  for (const command of loaded) program.addCommand(command);
  for (const each of [program, ...loaded]) {
    each
      .option("--debug", "print the stack of an error")
      .helpOption("-h, --help", "print this help")
      .showSuggestionAfterError()
      .exitOverride()
      .configureOutput({ outputError: () => {} });
  }
  return program.helpCommand("help [command]", "print the help of a command");
}

function wantedOf(name: string) {
  if (Object.hasOwn(commands, name)) return [commands[name]];
  return name === "--version" || name === "-V" ? [] : Object.values(commands);
}

async function main(): Promise<void> {
  surviveLostOutput();
  if (training.includes(process.argv[2])) keepMemorySmall();
  try {
    const program = await createProgram(process.argv.slice(2));
    if (process.argv.length > 2) await program.parseAsync();
    else program.outputHelp();
  } catch (error) {
    process.exitCode = reportFailure(error, Object.keys(commands));
  }
}

void main(); // not awaited: the command is bundled for require, which knows no await here
