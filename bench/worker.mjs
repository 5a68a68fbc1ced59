/** How a JavaScript side answers; worker.py says what is asked. A way is an async function; it may say how often it `counts`. */
import { createInterface } from "node:readline";

const TRIES = 4;

async function secondsOf({ run, counts = 1 }, repeat) {
  const started = performance.now();
  for (let i = 0; i < repeat; i++) await run();
  return (performance.now() - started) / 1000 / repeat / counts;
}

async function bestSeconds(way, tries) {
  await way.run();
  const first = await secondsOf(way, 1);
  const repeat = Math.max(1, Math.min(50, Math.floor(0.01 / (first * (way.counts ?? 1)))));
  let best = first;
  for (let i = 1; i < tries; i++) best = Math.min(best, await secondsOf(way, repeat));
  return best;
}

export async function serve(versions, waysOf) {
  const answer = (value) => console.log(JSON.stringify(value));
  answer({ ready: versions });
  let way;
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    if (request.case) {
      const ways = Object.entries(await waysOf(request.case));
      const tried = {};
      const tries = ways.length > 1 ? TRIES : 1; // one way needs no choice
      for (const [name, one] of ways) tried[name] = await bestSeconds(one, tries);
      const best = ways.reduce((a, b) => (tried[b[0]] < tried[a[0]] ? b : a));
      way = best[1];
      answer({ way: best[0], seconds: tried[best[0]], tried });
    } else if (request.repeat) {
      await secondsOf(way, request.warm);
      answer({ seconds: await secondsOf(way, request.repeat) });
    } else {
      way?.release?.();
      way = undefined;
      answer({});
    }
  }
}
