/**
 * Loaded before the command, it notes the longest delay of its event loop in each phase, from the first line that it prints: what the
 * library's events say is read off the lines. At the end it writes the phases to the file that FOVEA_DELAYS names.
 */
"use strict";
const { writeFileSync } = require("node:fs");
const { watchPhases } = require("./loop-delay.cjs");

/** Each line ends the phase before it. */
const ends = [
  [/^Used, though|^ {2}class /m, "read photos"],
  [/^Run folder/m, "weights, contact sheet"],
  [/^Epoch \d+/m, "train, validate, save"],
];
const phases = watchPhases();

const write = process.stdout.write.bind(process.stdout);
process.stdout.write = (text, ...rest) => {
  phases.begin();
  for (const [line, name] of ends) if (line.test(String(text))) phases.end(name);
  return write(text, ...rest);
};
process.on("exit", () => {
  phases.end("judge, draw");
  writeFileSync(process.env.FOVEA_DELAYS, JSON.stringify(phases.all()));
});
