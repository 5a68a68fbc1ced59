#!/usr/bin/env node
import { Command } from "commander";
import { packageVersion } from "../platform/node/node-machine.ts";
import { benchCommand } from "./commands/bench.ts";
import { demoCommand } from "./commands/demo.ts";
import { evaluateCommand } from "./commands/evaluate.ts";
import { predictCommand } from "./commands/predict.ts";
import { summaryCommand } from "./commands/summary.ts";
import { trainCommand } from "./commands/train.ts";
import { reportFailure } from "./failure.ts";
import { surviveLostOutput } from "./lost-output.ts";

const makers = [demoCommand, trainCommand, evaluateCommand, predictCommand, summaryCommand, benchCommand];
const commands = makers.map((make) => make());

const examples = `
Examples:
  fovea demo                     see the whole job on drawn faces
  fovea train photos/            of photos/cats/*.jpg, photos/dogs/*.jpg, …
  fovea predict runs/photos-2026-01-31-1 new.jpg

"fovea help train" explains a command.`;

function createProgram(): Command {
  const program = new Command("fovea")
    .description("Train, judge and use image classifiers from a folder of photos")
    .version(packageVersion(), "-V, --version", "print the version")
    .addHelpText("after", examples)
    .configureHelp({ subcommandTerm: (command) => command.name() });
  for (const command of commands) program.addCommand(command);
  for (const each of [program, ...commands]) {
    each
      .option("--debug", "print the stack of an error")
      .helpOption("-h, --help", "print this help")
      .showSuggestionAfterError()
      .exitOverride()
      .configureOutput({ outputError: () => {} });
  }
  return program.helpCommand("help [command]", "print the help of a command");
}

surviveLostOutput();
const program = createProgram();
try {
  if (process.argv.length > 2) await program.parseAsync();
  else program.outputHelp();
} catch (error) {
  process.exitCode = reportFailure(
    error,
    commands.map((command) => command.name()),
  );
}
