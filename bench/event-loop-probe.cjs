/**
 * Loaded before the command, it notes the longest delay of its event loop in each phase, from the first line that it prints: what the
 * library's events say is read off the lines. At the end it writes the phases to the file that FOVEA_DELAYS names.
 */
"use strict";
const { writeFileSync } = require("node:fs");
const { watchDelays } = require("./loop-delay.cjs");

/** Each line ends the phase before it. */
const ends = [
  [/^Used, though|^ {2}class /m, "read photos"],
  [/^Run folder/m, "weights, contact sheet"],
  [/^Epoch \d+/m, "train, validate, save"],
];
let longestDelay;
const phases = new Map();
let began;

const write = process.stdout.write.bind(process.stdout);
process.stdout.write = (text, ...rest) => {
  if (began === undefined) {
    began = performance.now();
    longestDelay = watchDelays();
  }
  for (const [line, name] of ends) if (line.test(String(text))) endPhase(name);
  return write(text, ...rest);
};
process.on("exit", () => {
  endPhase("judge, draw");
  writeFileSync(process.env.FOVEA_DELAYS, JSON.stringify([...phases.values()]));
});

function endPhase(name) {
  const now = performance.now();
  const { longest = 0, seconds = 0 } = phases.get(name) ?? {};
  phases.set(name, {
    name,
    longest: Math.max(longest, longestDelay()),
    seconds: seconds + (now - began) / 1000,
  });
  began = now;
}
