import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";
import { drawFacesInMemory } from "../../src/platform/node/draw.ts";
import { nodeMachine } from "../../src/platform/node/node-machine.ts";

/** The command as it is installed; `npm test` builds it first. */
export const cliPath = fileURLToPath(new URL("../../dist/cli/bundle/main.cjs", import.meta.url));
if (!existsSync(cliPath)) throw new Error(`Expected the built command at ${cliPath}: npm run build`);

/** Options of a training that takes a moment. */
export const quick = ["--image-size", "24", "--batch-size", "4", "--epochs", "2"];

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly input?: Uint8Array;
  readonly env?: Record<string, string>;
  readonly uid?: number;
  /** Sees all output so far and may send a signal. */
  readonly watch?: (output: string, kill: (signal: NodeJS.Signals) => void) => void;
}

/** Runs `fovea` with these arguments, its output into pipes, until it ends. */
export function runCli(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return runNode([cliPath, ...args], options);
}

export function runNode(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const { cwd, input, env, uid, watch } = options;
  return new Promise((resolve, reject) => {
    const ids = uid === undefined ? {} : { uid, gid: uid };
    const environment = { ...process.env, npm_command: undefined, ...env }; // as typed, even when npx runs the tests
    const child = spawn(process.execPath, args, { cwd, env: environment, ...ids });
    let stdout = "";
    let stderr = "";
    const look = () => watch?.(stdout + stderr, (signal) => child.kill(signal));
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text;
      look();
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      stderr += text;
      look();
    });
    child.on("error", reject);
    child.on("close", (status) => resolve({ status, stdout, stderr }));
    child.stdin.on("error", () => {}); // a command that does not read its input may end before it is written
    if (input !== undefined || watch === undefined) child.stdin.end(input);
  });
}

/** A `watch` that sends one signal, once this text has come. */
export function signalAt(text: string, signal: NodeJS.Signals): NonNullable<RunOptions["watch"]> {
  let sent = false;
  return (output, kill) => {
    if (sent || !output.includes(text)) return;
    sent = true;
    kill(signal);
  };
}

/** A new folder that goes when the tests of the file are done. */
export async function makeScratch(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "fovea-cli-"));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Draws small faces, so many a class, as PNG. */
export async function drawSmallFaces(folder: string, perClass = 12): Promise<string> {
  const faces = await drawFacesInMemory({ count: 2 * perClass, size: 28 });
  for (const [index, { image, mood }] of faces.entries()) {
    await mkdir(join(folder, mood), { recursive: true });
    await writeFile(join(folder, mood, `face ${index}.png`), await nodeMachine.encodePng(image));
  }
  return folder;
}
