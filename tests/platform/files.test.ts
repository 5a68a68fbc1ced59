import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fileError } from "../../src/platform/node/files.ts";
import { nodePlatform as platform } from "../../src/platform/node/node-platform.ts";
import { InputError } from "../../src/util/errors.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-files-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const refusal = (code: string, path: string) =>
  expect.objectContaining({ name: "InputError", code, message: expect.stringContaining(`"${path}"`) });

describe("kindOf and list", () => {
  it("tell files, folders and what links lead to", async () => {
    await writeFile(join(folder, "file"), "");
    await mkdir(join(folder, "sub"));
    await symlink(join(folder, "sub"), join(folder, "to-sub"));
    await symlink(join(folder, "file"), join(folder, "to-file"));
    await symlink(join(folder, "circle"), join(folder, "circle"));
    const entries = await platform.list(folder);
    expect(entries.sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
      { name: "circle", kind: "other", link: true },
      { name: "file", kind: "file" },
      { name: "sub", kind: "directory" },
      { name: "to-file", kind: "file", link: true },
      { name: "to-sub", kind: "directory", link: true },
    ]);
    expect(await platform.kindOf(join(folder, "to-sub"))).toBe("directory");
    expect(await platform.kindOf(join(folder, "none"))).toBeUndefined();
    expect(await platform.kindOf(join(folder, "file", "below"))).toBeUndefined();
    expect(await platform.kindOf(join(folder, "circle"))).toBeUndefined();
  });

  it("name the folder that is not there", async () => {
    const none = join(folder, "none");
    await expect(platform.list(none)).rejects.toEqual(refusal("file.not-found", none));
  });
});

describe("reading", () => {
  it("reads all, the beginning, and less where there is less", async () => {
    const path = join(folder, "file");
    await writeFile(path, "0123456789");
    expect(new TextDecoder().decode(await platform.readFile(path))).toBe("0123456789");
    expect(new TextDecoder().decode(await platform.readHead(path, 4))).toBe("0123");
    expect(new TextDecoder().decode(await platform.readHead(path, 400))).toBe("0123456789");
  });

  it("refuses what is missing and what is a folder", async () => {
    const none = join(folder, "none");
    await expect(platform.readFile(none)).rejects.toEqual(refusal("file.not-found", none));
    await expect(platform.readHead(none, 4)).rejects.toEqual(refusal("file.not-found", none));
    await expect(platform.readFile(folder)).rejects.toEqual(refusal("file.is-a-folder", folder));
  });

  it.skipIf(process.platform !== "linux")(
    "says of a name that is no UTF-8 that it must be renamed",
    async () => {
      await writeFile(Buffer.concat([Buffer.from(`${folder}/a`), Buffer.of(0xff, 0xe9)]), "content");
      const [{ name }] = await platform.list(folder);
      const path = join(folder, name);
      for (const read of [platform.readFile, (name: string) => platform.readHead(name, 4), platform.list])
        await expect(read(path)).rejects.toEqual(refusal("file.bad-name", path));
      await expect(platform.readFile(join(folder, "gone"))).rejects.toMatchObject({ code: "file.not-found" });
    },
  );

  it("hashes as everybody does", async () => {
    const bytes = new TextEncoder().encode("abc").subarray(1); // a view that does not begin at 0
    expect(await platform.sha256(bytes)).toBe(createHash("sha256").update("bc").digest("hex"));
  });
});

describe("writeFile", () => {
  it("writes, replaces and leaves nothing beside", async () => {
    const path = join(folder, "file.json");
    await platform.writeFile(path, "first");
    await platform.writeFile(path, new TextEncoder().encode("second, ü"));
    expect(await readFile(path, "utf8")).toBe("second, ü");
    expect(await readdir(folder)).toEqual(["file.json"]);
  });

  it("takes its own away and leaves the old when it fails", async () => {
    const path = join(folder, "taken");
    await mkdir(join(path, "in the way"), { recursive: true });
    await expect(platform.writeFile(path, "text")).rejects.toBeInstanceOf(InputError);
    expect(await readdir(folder)).toEqual(["taken"]);
    const lost = join(folder, "none", "file");
    await expect(platform.writeFile(lost, "text")).rejects.toEqual(refusal("file.not-found", lost));
  });

  it("lets many write to one path: one of them wins, whole", async () => {
    const path = join(folder, "file");
    const texts = Array.from({ length: 8 }, (_, i) => String(i).repeat(100_000));
    await Promise.all(texts.map((text) => platform.writeFile(path, text)));
    expect(texts).toContain(await readFile(path, "utf8"));
    expect(await readdir(folder)).toEqual(["file"]);
  });

  it.skipIf(process.getuid?.() === 0)("needs permission (skipped for root, who has it always)", async () => {
    await chmod(folder, 0o500);
    const path = join(folder, "file");
    await expect(platform.writeFile(path, "text")).rejects.toEqual(refusal("file.no-permission", path));
  });
});

describe("pieces", () => {
  it("lie one behind the other, however many and however large", async () => {
    const path = join(folder, "pieces");
    const sizes = [0, 1, 3_000_000, 0, 17, ...Array.from({ length: 2100 }, (_, i) => i % 5)];
    const pieces = sizes.map((size, i) => new Uint8Array(size).fill(i));
    await platform.writeFile(path, pieces);
    expect(Buffer.compare(await readFile(path), Buffer.concat(pieces))).toBe(0);
    await platform.writeFile(path, []);
    expect(await readFile(path)).toHaveLength(0);
  });
});

describe("stageFile", () => {
  it("leaves the old file until it is told, and may then have other bytes in memory", async () => {
    const path = join(folder, "staged.txt");
    await platform.writeFile(path, "old");
    const bytes = new TextEncoder().encode("new");
    const staged = await platform.stageFile(path, bytes);
    bytes.fill(0);
    expect(await readFile(path, "utf8")).toBe("old");
    await staged.settle();
    expect(await readFile(path, "utf8")).toBe("new");
  });

  it("leaves nothing when it is dropped", async () => {
    const path = join(folder, "dropped.txt");
    const before = await readdir(folder);
    await (await platform.stageFile(path, "new")).drop();
    expect(await readdir(folder)).toEqual(before);
  });
});

describe("makeFolder", () => {
  it("makes the folders above too, and is content with one that exists", async () => {
    const path = join(folder, "a", "b", "c");
    await platform.makeFolder(path);
    await platform.makeFolder(path);
    expect(await platform.kindOf(path)).toBe("directory");
  });

  it("refuses where a file is in the way", async () => {
    const path = join(folder, "file");
    await writeFile(path, "");
    await expect(platform.makeFolder(join(path, "a"))).rejects.toEqual(
      refusal("file.not-found", join(path, "a")),
    );
    await expect(platform.makeFolder(path)).rejects.toEqual(refusal("file.exists", path));
  });
});

describe("fileError", () => {
  it.each([
    ["ENOSPC", "file.no-space", "the disk is full"],
    ["EDQUOT", "file.no-space", "quota"],
    ["EACCES", "file.no-permission", "permission"],
    ["EROFS", "file.no-permission", "only be read"],
    ["ERR_FS_FILE_TOO_LARGE", "file.too-large", "2 GB"],
  ])("turns %s into %s", (systemCode, code, why) => {
    const cause = Object.assign(new Error("raw"), { code: systemCode });
    const error = fileError(cause, "write", "/some/where");
    expect(error).toEqual(refusal(code, "/some/where"));
    expect(error).toMatchObject({ message: expect.stringContaining(why), cause });
  });

  it("leaves bugs as they are", () => {
    const bug = new TypeError("x is not a function");
    expect(fileError(bug, "write", "/some/where")).toBe(bug);
    const odd = Object.assign(new Error("raw"), { code: "ERR_INVALID_ARG_TYPE" });
    expect(fileError(odd, "write", "/some/where")).toBe(odd);
  });
});
