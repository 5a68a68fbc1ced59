/**
 * Starts the sides of a comparison and asks them in turn, so that all meet the same noise and none works while another is
 * timed. worker.py says what is asked and answered.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { peerPython, refuse, root, spread } from "./support.mjs";

/** A sample takes at least so long, so that starting it does not count; a call before it, untimed, wakes what slept. */
const SAMPLE_SECONDS = 0.02;
const MOST_REPEATS = 2000;
/** A library's threads spin for a while after their work, ONNX Runtime's 10 to 50 ms, at the cost of whoever is next. */
const REST_MS = 60;

/** Starts a side and waits until it is ready. `script` ends in .py or .mjs. */
export async function startSide(name, script, words = []) {
  const program = script.endsWith(".py") ? peerPython() : process.execPath;
  const child = spawn(program, [join(root, "bench", script), ...words.map(String)], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  let complaints = "";
  child.stderr.on("data", (text) => {
    complaints += text;
  });
  child.stdin.on("error", () => {}); // a side that ended is named below
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) refuse(`Expected ${name} to answer, found that it ended:\n${complaints}`);
    return JSON.parse(value);
  };
  const { ready } = await next();
  const ask = (request) => {
    child.stdin.write(`${JSON.stringify(request)}\n`);
    return next();
  };
  return { name, ready, ask, stop: () => child.stdin.end() };
}

/** One case on all sides, turn about: for each side, in their order, the way it took and the spread of its seconds. */
export async function compareCase(sides, one, runs, restMs = REST_MS) {
  const prepared = [];
  for (const side of sides) prepared.push({ side, ...(await side.ask({ case: one })), samples: [] });
  for (let run = 0; run < runs; run++) {
    for (const { side, seconds, samples } of prepared) {
      const repeat = Math.max(1, Math.min(MOST_REPEATS, Math.floor(SAMPLE_SECONDS / seconds)));
      await new Promise((rested) => setTimeout(rested, restMs));
      samples.push((await side.ask({ repeat, warm: 1 })).seconds);
    }
  }
  for (const { side } of prepared) await side.ask({ end: true });
  return prepared.map(({ side, way, samples }) => ({
    side: side.name,
    way,
    ...spread(samples),
    samples,
  }));
}
