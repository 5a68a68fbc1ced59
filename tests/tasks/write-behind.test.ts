import { describe, expect, it } from "vitest";
import { createWriteBehind } from "../../src/tasks/write-behind.ts";

/** Files of a disk that does nothing until it is told to. */
function slowDisk(failing: { readonly stage?: string; readonly settle?: string } = {}) {
  const log: string[] = [];
  let letGo = () => {};
  const turn = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const file = (name: string) => async () => {
    if (failing.stage === name) throw new Error(`no room for ${name}`);
    log.push(`begin ${name}`);
    return {
      read: async () => new Uint8Array(),
      settle: async () => {
        await turn;
        if (failing.settle === name) throw new Error(`${name} is lost`);
        log.push(`keep ${name}`);
      },
      drop: async () => {
        log.push(`drop ${name}`);
      },
    };
  };
  return { log, file, letGo: () => letGo() };
}

describe("createWriteBehind", () => {
  it("does not wait for the disk, keeps the order, and begins nothing before the last ones are kept", async () => {
    const { log, file, letGo } = slowDisk();
    const disk = createWriteBehind();
    await disk.write([file("a"), file("b")]);
    expect(log).toEqual(["begin a", "begin b"]);
    const next = disk.write([file("c")]);
    letGo();
    await next;
    await disk.done();
    expect(log).toEqual(["begin a", "begin b", "keep a", "keep b", "begin c", "keep c"]);
  });

  it("drops what was begun where a file cannot be begun", async () => {
    const { log, file } = slowDisk({ stage: "b" });
    const disk = createWriteBehind();
    await expect(disk.write([file("a"), file("b")])).rejects.toThrow("no room for b");
    expect(log).toEqual(["begin a", "drop a"]);
    await disk.done();
  });

  it("keeps nothing that comes after a file that is lost, and says so once", async () => {
    for (const call of ["write", "done"] as const) {
      const { log, file, letGo } = slowDisk({ settle: "b" });
      const disk = createWriteBehind();
      await disk.write([file("a"), file("b"), file("c")]);
      letGo();
      const heard = call === "write" ? disk.write([file("d")]) : disk.done();
      await expect(heard).rejects.toThrow("b is lost");
      await disk.done();
      expect(log.slice(3)).toEqual(["keep a", "drop c"]);
    }
  });
});
