import { execFileSync, spawn, spawnSync } from "node:child_process";
import { chmod, cp, mkdir, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readKerasH5 } from "../../src/formats/keras/h5.ts";
import { nodeMachine } from "../../src/platform/node/node-machine.ts";
import { cliPath, drawSmallFaces, makeScratch, quick, runCli, runNode } from "./run-cli.ts";

const scratch = await makeScratch();
const photos = join(scratch, "photos");
const root = process.getuid?.() === 0;
/** A user without rights of its own: "nobody" where the tests run as root, otherwise whoever runs them. */
const nobody = root ? 65534 : undefined;

beforeAll(async () => {
  await drawSmallFaces(photos);
  await chmod(scratch, 0o755);
});

/** Why tests cannot run here; they are skipped, aloud. */
function skipAloud(reason: string | undefined, what: string): boolean {
  if (reason !== undefined) console.warn(`SKIPPED: ${what}: ${reason}`);
  return reason !== undefined;
}

const noRights = (() => {
  if (process.platform === "win32") return "Windows has no such permissions";
  const ids = nobody === undefined ? {} : { uid: nobody, gid: nobody };
  const { status } = spawnSync(process.execPath, [cliPath, "--version"], ids);
  return status === 0 ? undefined : "the user nobody cannot run the built command";
})();

describe.skipIf(skipAloud(noRights, "permissions"))("without permission", () => {
  it("to read the photos", async () => {
    const closed = join(scratch, "closed");
    await mkdir(closed, { mode: 0o000 });
    const { status, stderr } = await runCli(["train", closed], { uid: nobody! });
    expect(stderr).toBe(`fovea: Cannot list "${closed}": permission is missing [file.no-permission]\n`);
    expect(status).toBe(2);
  });

  it("to write the run folder", async () => {
    const closed = join(scratch, "read-only");
    await mkdir(closed, { mode: 0o555 });
    const out = join(closed, "run");
    const { status, stderr } = await runCli(["train", photos, ...quick, "--out", out], { uid: nobody! });
    expect(stderr).toBe(
      `fovea: Cannot make the folder "${out}": permission is missing [file.no-permission]\n`,
    );
    expect(status).toBe(2);
  });

  it("to read one photo: it is left out with the reason, and the rest is used", async () => {
    const some = await drawSmallFaces(join(scratch, "some"), 6);
    await chmod(join(some, "happy", "face 0.png"), 0o000);
    await chmod(some, 0o755);
    const out = join(scratch, "open");
    await mkdir(out, { mode: 0o777 });
    await chmod(out, 0o777);
    const { status, stdout } = await runCli(["train", some, ...quick, "--out", out], { uid: nobody! });
    expect(stdout).toContain("Left out 1 file:\n  happy/face 0.png  Cannot read");
    expect(status).toBe(0);
  });
});

/** A file system of a few megabytes, or why there is none. */
function mountSmallDisk(): { readonly folder: string } | string {
  if (!root) return "only root can mount a small file system";
  const folder = join(scratch, "disk");
  const make = `mkdir ${folder} && mount -t tmpfs -o size=4m tmpfs ${folder}`;
  const { status, stderr } = spawnSync("sh", ["-c", make], { encoding: "utf8" });
  if (status !== 0) return `a small file system cannot be mounted: ${stderr.trim()}`;
  afterAll(() => void execFileSync("umount", ["-l", folder]));
  return { folder };
}

const disk = mountSmallDisk();
const noDisk = typeof disk === "string" ? disk : undefined;

describe.skipIf(skipAloud(noDisk, "a full disk"))("a disk that is full", () => {
  const folder = typeof disk === "string" ? "" : disk.folder;
  const run = join(folder, "run");
  const fill = () => spawnSync("sh", ["-c", `cat /dev/zero > ${join(folder, "filler")}`]);

  it("while training ends it with what was finished whole, and --resume goes on", async () => {
    let full = false;
    const { status, stderr } = await runCli(["train", photos, ...quick, "--epochs", "400", "--out", run], {
      watch: (output) => {
        if (full || !output.includes("Epoch 2/")) return;
        full = true;
        fill();
      },
    });
    expect(stderr).toMatch(/^fovea: Cannot write ".*": the disk is full\. The epochs before are saved.*\n$/);
    expect(stderr).toContain(`go on with --resume "${run}" [file.no-space]\n`);
    expect(status).toBe(2);
    const { extra } = await readKerasH5(await nodeMachine.readFile(join(run, "last.h5")));
    const { epoch } = JSON.parse(extra!.position!);
    expect(epoch).toBeGreaterThan(0);
    await rm(join(folder, "filler"));
    const resumed = await runCli(["train", "--resume", run, "--epochs", String(epoch + 1)]);
    expect(resumed).toMatchObject({ status: 0, stderr: "" });
  });

  it("before training is refused in one line", async () => {
    fill();
    const { status, stderr } = await runCli(["train", photos, ...quick, "--out", join(folder, "late")]);
    expect(stderr).toMatch(/^fovea: Cannot .*: the disk is full \[file\.no-space\]\n$/);
    expect(status).toBe(2);
  });
});

describe("an install without a C compiler", () => {
  it("works, and says in one line what is lost", async () => {
    const install = join(scratch, "install");
    const repository = fileURLToPath(new URL("../../", import.meta.url));
    await cp(join(repository, "dist"), join(install, "dist"), { recursive: true });
    await cp(join(repository, "package.json"), join(install, "package.json"));
    await symlink(join(repository, "node_modules"), join(install, "node_modules"), "junction");
    const cli = join(install, "dist", "cli", "main.js");
    const out = join(scratch, "slow");
    const { status, stdout } = await runNode([cli, "train", photos, ...quick, "--out", out]);
    expect(stdout).toMatch(
      /^The native backend cannot be used \(it was not compiled .*\); the wasm backend .* a few times slower\n/,
    );
    expect(stdout).toContain("backend wasm, ");
    expect(status).toBe(0);
    for (const features of ["simd", "relaxed"])
      await rm(join(install, "dist", "backends", "wasm", `kernels-${features}.wasm`));
    const slowest = await runNode([cli, "train", photos, ...quick, "--out", join(scratch, "slowest")]);
    expect(slowest.stdout).toMatch(
      /^The native backend .*, nor the wasm backend \(.*\); .* hundred times slower\n/,
    );
    expect(slowest.stdout).toContain("backend reference");
    expect(slowest.status).toBe(0);
    const refused = await runNode([cli, "train", photos, "--backend", "native"]);
    expect(refused.stderr).toMatch(
      /^fovea: The native backend cannot be used: .* \[backend\.unavailable\]\n$/,
    );
    expect(refused.status).toBe(2);
  });
});

/** Runs a shell line with `fovea` as `$0`. */
function shell(line: string): Promise<{ status: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn("bash", ["-c", line, cliPath], { cwd: scratch, stdio: ["ignore", "pipe", "pipe"] });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
    });
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    child.on("close", (status) => resolve({ status, stdout, stderr }));
  });
}

describe.skipIf(process.platform === "win32")("output that nobody takes", () => {
  it("a closed pipe ends neither the run nor in a stack", async () => {
    const options = `${quick.join(" ")} --epochs 6 --out piped`;
    const { stdout, stderr } = await shell(
      `node "$0" train photos ${options} | head -1; echo "status \${PIPESTATUS[0]}"`,
    );
    expect(stderr).toBe("");
    expect(stdout).toBe("Found 24 files belonging to 2 classes.\nstatus 0\n");
    const history = await nodeMachine.readFile(join(scratch, "piped", "history.csv"));
    expect(new TextDecoder().decode(history).trim().split("\n")).toHaveLength(7);
  });

  it.skipIf(process.platform !== "linux")("a full disk is told in one line", async () => {
    const { stderr, stdout } = await shell('node "$0" summary > /dev/full; echo "status $?"');
    expect(stderr).toBe(
      "fovea: Cannot write the output: ENOSPC: no space left on device, write [output.failed]\n",
    );
    expect(stdout).toBe("status 2\n");
  });

  it("is not coloured, and has no line that is drawn anew", async () => {
    const { stdout } = await runCli(["train", photos, ...quick, "--out", join(scratch, "plain")], {
      env: { FORCE_COLOR: "1" },
    });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escapes are what is looked for
    expect(stdout).not.toMatch(/\x1b|\r/);
    expect(stdout.match(/^Epoch \d\/2 /gm)).toHaveLength(2);
  });
});
