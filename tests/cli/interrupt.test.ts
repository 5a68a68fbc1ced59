import { existsSync, readdirSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { readKerasH5 } from "../../src/formats/keras/h5.ts";
import {
  cliPath,
  drawSmallFaces,
  type Ended,
  makeScratch,
  type RunOptions,
  runCli,
  runNode,
  signalAt,
} from "./run-cli.ts";

const scratch = await makeScratch();
const options = ["--image-size", "24", "--batch-size", "2", "--epochs", "8", "--seed", "3"];
const inScratch = (args: string[], more: RunOptions = {}) => runCli(args, { cwd: scratch, ...more });

beforeAll(async () => {
  await drawSmallFaces(join(scratch, "photos"));
  const whole = await inScratch(["train", "photos", ...options, "--out", "uninterrupted"]);
  if (whole.status !== 0) throw new Error(whole.stderr);
});

/** Starts a run and ends it with a signal when this text comes. */
function startAndSignal(
  run: string,
  text: string,
  signal: NodeJS.Signals,
  ...more: string[]
): Promise<Ended> {
  const watch = signalAt(text, signal);
  return inScratch(["train", "photos", ...options, "--out", run, ...more], { watch });
}

const filesOf = async (run: string) => (await readdir(join(scratch, run))).sort();

/** A `watch` that kills so many milliseconds after a file beside the first checkpoint is being written. */
function killOnceWriting(folder: string, delay: number): NonNullable<RunOptions["watch"]> {
  let deadline = 0;
  return (_output, kill) => {
    if (deadline > 0) return;
    deadline = Date.now() + 30_000;
    const look = () => {
      const names = existsSync(folder) ? readdirSync(folder) : [];
      const writing = names.includes("last.h5") && names.some((name) => name.endsWith(".tmp"));
      if (writing) setTimeout(() => kill("SIGKILL"), delay);
      else if (Date.now() < deadline) setImmediate(look);
    };
    look();
  };
}

/** All that training has learned, and how it went, apart from the time it took. */
async function learned(run: string) {
  const { weights, optimizer, extra } = await readKerasH5(await readFile(join(scratch, run, "last.h5")));
  const { epoch, batch, history } = JSON.parse(extra!.position!);
  const losses = history.map(({ train, validation }: Record<string, unknown>) => [train, validation]);
  return { weights, optimizer, epoch, batch, losses };
}

async function expectSameAsUninterrupted(run: string) {
  const resumed = await inScratch(["train", "--resume", run]);
  expect(resumed).toMatchObject({ status: 0, stderr: "" });
  expect(resumed.stdout).toContain(`Going on with ${run} after epoch `);
  expect(await learned(run)).toEqual(await learned("uninterrupted"));
  const model = (name: string) => readFile(join(scratch, name, "metrics.json"), "utf8");
  expect(await model(run)).toBe(await model("uninterrupted"));
}

describe("a run that is ended while it trains", () => {
  it("by Ctrl-C is saved, says how to go on, and does so to the bit", async () => {
    const { status, stdout, stderr } = await startAndSignal("stopped", "Epoch 3/8", "SIGINT");
    expect(stderr).toBe("");
    expect(stdout).toContain("Stopping … (Ctrl-C again ends at once)\n");
    const advice = "\nStopped; all that was learned is saved. Go on with:\n  fovea train --resume stopped\n";
    expect(stdout.slice(-advice.length)).toBe(advice);
    expect(status).toBe(130);
    expect((await learned("stopped")).epoch).toBeLessThan(8);
    await expectSameAsUninterrupted("stopped");
  });

  it("by SIGTERM is saved too", async () => {
    const { status, stdout } = await startAndSignal("ended", "Epoch 2/8", "SIGTERM");
    expect(stdout).toContain("fovea train --resume ended\n");
    expect(status).toBe(130);
    expect((await learned("ended")).epoch).toBeLessThan(8);
  });

  it("by kill -9 goes on from the last whole epoch, to the bit", async () => {
    const { status } = await startAndSignal("killed", "Epoch 4/8", "SIGKILL");
    expect(status).toBeNull();
    await expectSameAsUninterrupted("killed");
    const left = (await readdir(join(scratch, "killed"))).filter((name) => !name.endsWith(".tmp"));
    expect(left.sort()).toEqual((await readdir(join(scratch, "uninterrupted"))).sort());
  });

  it.each([
    0, 2, 7, 20,
  ])("by kill -9, %i ms after it began to write, goes on to the same bits", async (delay) => {
    const run = `killed-after-${delay}`;
    const watch = killOnceWriting(join(scratch, run), delay);
    const { status } = await inScratch(["train", "photos", ...options, "--out", run], { watch });
    expect(status).toBeNull();
    const before = await filesOf(run);
    for (const name of before.filter((file) => file.endsWith(".h5"))) // whole, whatever was being written
      await readKerasH5(await readFile(join(scratch, run, name)));
    await expectSameAsUninterrupted(run);
    expect((await filesOf(run)).filter((name) => !name.endsWith(".tmp"))).toEqual(
      await filesOf("uninterrupted"),
    );
  });

  it("tells --json in one document", async () => {
    const { status, stdout } = await startAndSignal("told", "Epoch 3/8", "SIGINT", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ folder: "told", ended: "interrupted" });
    expect(status).toBe(130);
  });
});

describe("before there is anything to save", () => {
  it("while photos are read, no run folder is made", async () => {
    const { status, stderr } = await startAndSignal("early", "Found 24 files", "SIGINT");
    expect(stderr).toBe("fovea: Stopped before there was a result [interrupted]\n");
    expect(status).toBe(130);
    expect(existsSync(join(scratch, "early"))).toBe(false);
  });

  it("while the demo draws, it says where the faces are", async () => {
    const watch = signalAt("Drawing", "SIGINT");
    const { status, stdout, stderr } = await inScratch(["demo", "--out", "drawn"], { watch });
    expect(stdout).toMatch(/The \d+ faces drawn so far are in drawn\/faces\n$/);
    expect(stderr).toBe("fovea: Stopped before there was a result [interrupted]\n");
    expect(status).toBe(130);
    expect(existsSync(join(scratch, "drawn", "run"))).toBe(false);
  });

  it("while predict waits for standard input", async () => {
    const whenItListens = `process.on("newListener", (name) => {
      if (name === "SIGINT") setTimeout(() => console.error("ready"), 500);
    })`;
    const preload = `data:text/javascript,${encodeURIComponent(whenItListens)}`;
    const args = ["--import", preload, cliPath, "predict", "uninterrupted", "-", "--json"];
    const { status, stdout } = await runNode(args, { cwd: scratch, watch: signalAt("ready", "SIGINT") });
    expect(JSON.parse(stdout).error.code).toBe("interrupted");
    expect(status).toBe(130);
  });
});

it("a second Ctrl-C ends at once what does not stop, but one that came twice in a moment does not", async () => {
  const context = new URL("../context.js", pathToFileURL(cliPath)).href;
  const script = `
    import { inContext } from ${JSON.stringify(context)};
    setTimeout(() => console.log("ready"), 10);
    setTimeout(() => console.log("late"), 700);
    await inContext({}, () => new Promise((resolve) => setTimeout(resolve, 20_000)));`;
  const signals = [signalAt("ready", "SIGINT"), signalAt("Stopping", "SIGINT"), signalAt("late", "SIGINT")];
  const began = performance.now();
  const watch: RunOptions["watch"] = (...seen) => {
    for (const send of signals) send(...seen);
  };
  const { status, stdout } = await runNode(["--input-type=module", "--eval", script], { watch });
  expect(stdout).toBe("ready\nStopping … (Ctrl-C again ends at once)\nlate\n");
  expect(status).toBe(130);
  expect(performance.now() - began).toBeLessThan(15_000);
});
