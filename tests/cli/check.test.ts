import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { drawSpoiltFolder, spoilt } from "../support/check-folder.ts";
import { drawSmallFaces, makeScratch, runCli } from "./run-cli.ts";

const scratch = await makeScratch();
const run = (...args: string[]) => runCli(["check", ...args], { cwd: scratch });

beforeAll(() => drawSpoiltFolder(join(scratch, "photos")), 60_000);

describe("fovea check", () => {
  it("tells people what was found and what train does about it", async () => {
    const { status, stdout } = await run("photos", "--html", "found.html");
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Checked 66 files of 2 classes in photos: 62 can be used, 4 are left out\.$/m);
    expect(stdout).toMatch(/^ {2}Cut short: 1 file \[image\.cut-short\]$/m);
    expect(stdout).toMatch(/^ {4}sad\/cut\.png {2}Expected a whole PNG image.*decode$/m);
    expect(stdout.indexOf("leaves out or refuses")).toBeLessThan(stdout.indexOf("is worth a look"));
    expect(stdout).toMatch(/^Pictures of all this: found\.html$/m);
    expect(await readFile(join(scratch, "found.html"), "utf8")).toMatch(/^<!doctype html>/);
    for (const code of Object.keys(spoilt)) expect(stdout).toContain(`[${code}]`);
  });

  it("prints one JSON document", async () => {
    const { stdout } = await run("photos", "--json");
    const { findings, files } = JSON.parse(stdout);
    expect(files).toBe(66);
    expect(findings.map(({ code }: { code: string }) => code).sort()).toEqual(Object.keys(spoilt).sort());
  });

  it("exits 1 with --strict where train would leave something out, and not for less", async () => {
    expect((await run("photos", "--strict")).status).toBe(1);
    await drawSmallFaces(join(scratch, "small faces"));
    const { status, stdout } = await run("small faces", "--strict");
    expect(status).toBe(0);
    expect(stdout).toContain("12 photos in");
  });

  it("says in one line what it cannot do", async () => {
    const { status, stderr } = await run("nowhere");
    expect(status).toBe(2);
    expect(stderr).toMatch(/^fovea: .*\[data\.no-such-folder\]\n$/);
    await rm(join(scratch, "found.html"), { force: true });
    const inside = await run("photos", "--html", "photos/happy/found.html");
    expect([inside.status, inside.stderr]).toEqual([2, expect.stringContaining("[run.inside-photos]")]);
  });
});
