/**
 * Compiles the bundled command ahead, for the Node that runs this: dist/cli/bundle/main.<engine>.code. It lets the command predict a photo
 * with a small model, so that all functions on the way are in it. It runs when the package is built or installed and never fails the
 * install: without it the command starts 40 ms later.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const main = join(root, "dist/cli/bundle/main.cjs");

if (existsSync(main)) {
  // else a checkout is being installed, and built next
  try {
    const folder = mkdtempSync(join(tmpdir(), "fovea-compile-"));
    process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
    predictByCommand(await trainSmall(folder));
  } catch (error) {
    tellLoss(error.message);
  }
}

/** A run folder and a photo. */
async function trainSmall(folder) {
  const { nodeMachine } = await import("../dist/platform/node/node-machine.js");
  const photos = join(folder, "photos");
  for (const [shade, name] of ["dark", "light"].entries()) {
    mkdirSync(join(photos, name), { recursive: true });
    for (let count = 0; count < 3; count++) {
      const value = (_, index) => 128 * shade + ((index * (count + 7)) % 128);
      const pixels = Uint8Array.from({ length: 32 * 32 * 3 }, value);
      const photo = await nodeMachine.encodeJpeg({ width: 32, height: 32, pixels });
      writeFileSync(join(photos, name, `${count}.jpg`), photo);
    }
  }
  const run = join(folder, "run");
  // by a process of its own: training sets flags of the engine, and what was compiled under other flags is refused
  const words = [main, "train", photos, "--out", run, "--image-size", "24", "--epochs", "1"];
  execFileSync(process.execPath, words, { stdio: ["ignore", "ignore", "pipe"], encoding: "utf8" });
  return { run, photo: join(photos, "dark/0.jpg") };
}

/** Runs the command in this process; what V8 has compiled when it ends is kept. */
function predictByCommand({ run, photo }) {
  process.argv = [process.execPath, main, "predict", run, photo];
  process.stdout.write = () => true;
  const { aheadPath, compiledAhead } = createRequire(main)(main).start;
  process.on("exit", (status) => {
    process.exitCode = 0;
    if (status === 0) replaceFile(aheadPath, compiledAhead());
    else tellLoss("it cannot predict");
  });
}

function replaceFile(path, content) {
  const beside = `${path}.${process.pid}`;
  try {
    writeFileSync(beside, content);
    renameSync(beside, path);
  } catch (error) {
    tellLoss(error.message);
  }
}

function tellLoss(why) {
  console.error(`fovea: The command is not compiled ahead and starts a little more slowly: ${why}`);
}
