import { appendFile, cp, mkdir, readdir, readFile, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { showCheck } from "../../src/cli/check-view.ts";
import { readCsv } from "../../src/formats/csv.ts";
import { nodeMachine } from "../../src/platform/node/node-machine.ts";
import { check } from "../../src/tasks/check.ts";
import { evaluate } from "../../src/tasks/evaluate.ts";
import type { Machine } from "../../src/tasks/machine.ts";
import { predict } from "../../src/tasks/predict.ts";
import { preview } from "../../src/tasks/preview.ts";
import { train } from "../../src/tasks/train.ts";
import type { TrainEvent } from "../../src/tasks/train-events.ts";
import { InputError } from "../../src/util/errors.ts";
import { fakePipe } from "../cli/fake-terminal.ts";
import { drawPhotos, makeScratch, readJson, smallOptions } from "./small-run.ts";

const scratch = await makeScratch();
const photos = join(scratch, "my 'odd' \"photos\"\n😀");
const options = { ...smallOptions, epochs: 1 };

const names = [
  " begins and ends with a blank ",
  "'single' and \"double\" quotes.png",
  "two\nlines\ttab.png",
  "comma, semicolon; $(command) `echo` %s.png",
  "-rf",
  "🐶👩‍👩‍👧 ünï.png",
  "\\back\\slash.png",
  "e\u0301 and \u00e9 differ.png",
  `${"n".repeat(246)}.png`,
  `${"ü".repeat(125)}`,
];

beforeAll(async () => {
  await drawPhotos(photos, 2, 10);
  for (const name of ["happy", "sad"]) {
    const files = await readdir(join(photos, name));
    for (const [i, file] of files.entries())
      await rename(join(photos, name, file), join(photos, name, names[i]));
  }
  await rename(join(photos, "happy"), join(photos, 'class of, "many"\nwords 🙂'));
});

describe("odd names", () => {
  it("of photos, classes and folders go through training, evaluation and prediction", async () => {
    const out = join(scratch, "run of 'odd'\nnames");
    const { problems } = await train(nodeMachine, { data: photos, out, ...options });
    expect(problems.filter(({ excluded }) => excluded)).toEqual([]);
    const { files, classes } = await readJson(out, "split.json");
    expect(classes).toEqual(['class of, "many"\nwords 🙂', "sad"]);
    const paths = files.map(({ path }: { path: string }) => path).sort();
    expect(paths).toEqual(classes.flatMap((each: string) => names.map((name) => `${each}/${name}`)).sort());
    const table = readCsv(await readFile(join(out, "predictions.csv"), "utf8"));
    expect(table.slice(1).every(([path]) => paths.includes(path))).toBe(true);
    const { evaluation, seen } = await evaluate(nodeMachine, { model: out, data: photos });
    expect([evaluation.images, seen]).toEqual([20, { train: 14, validation: 4, test: 2 }]);
    const { predictions } = await predict(nodeMachine, { model: out, photos: [photos] });
    expect(predictions.filter((prediction) => "class" in prediction)).toHaveLength(20);
  });

  it("go through check, whose text and page no name can break", async () => {
    const hostile = join(scratch, "hostile");
    const className = `<b onload="1">&amp;\x1b[31m`;
    await cp(photos, hostile, { recursive: true });
    await rename(join(hostile, "sad"), join(hostile, className));
    const text = "<img src=x onerror='1'>\r\x1b]0;title\x07\u202e\u2028\x9b.png";
    await writeFile(join(hostile, className, text), "no photo");
    const html = join(scratch, "a page of\n'odd' names.html");
    const result = await check(nodeMachine, { data: hostile, html });
    expect(result).toMatchObject({ files: 21, usable: 20, excluded: 1 });
    const page = await readFile(html, "utf8");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    expect(page).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/);
    expect(page).not.toMatch(/<b |<img src=x|&amp;amp;amp;/);
    expect(page).toContain("&lt;img src=x onerror=&#39;1&#39;&gt;");
    const { terminal, written } = fakePipe();
    showCheck(terminal, result);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    expect(written()).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e]/);
    expect(written()).toContain('class of, "many"\\u000awords 🙂');
    await preview(nodeMachine, { data: hostile, out: join(scratch, "odd 'preview'\n.png"), imageSize: 24 });
  });

  it("of 255 bytes, for the data, leave room for the run's own name", async () => {
    const long = join(scratch, "🙂".repeat(63));
    await symlink(photos, long);
    const before = process.cwd();
    process.chdir(scratch);
    try {
      const { folder } = await train(nodeMachine, { data: long, ...options });
      expect(folder).toMatch(/^runs[/\\](?:🙂){50}-\d{4}-\d\d-\d\d-1$/);
    } finally {
      process.chdir(before);
    }
  });
});

describe("photos that change under the hand", () => {
  /** What training says of its photos. */
  async function problemsOf(machine: Machine, name: string) {
    const said: TrainEvent[] = [];
    const observe = (event: TrainEvent) => void said.push(event);
    await train(machine, { data: photos, out: join(scratch, name), ...options, observe });
    const loaded = said.find((event) => event.type === "loaded")!;
    return {
      excluded: loaded.problems
        .filter(({ excluded }) => excluded)
        .map(({ relativePath, code }) => [relativePath, code]),
      skipped: loaded.skipped,
    };
  }

  it("may vanish between the scan and the reading: they are listed, and the others are trained on", async () => {
    const gone = "sad/-rf";
    await appendFile(join(photos, gone), new Uint8Array(20_000)); // a small one would be read at once
    const refuse = (path: string) => {
      if (!path.endsWith("-rf") || !path.includes("sad")) return;
      throw new InputError("file.not-found", `Cannot read "${path}": no such file`);
    };
    for (const moment of ["readHead", "readFile"] as const) {
      const vanishing: Machine = {
        ...nodeMachine,
        [moment]: async (path: string, length: number) => {
          refuse(path);
          return nodeMachine[moment](path, length);
        },
      };
      expect((await problemsOf(vanishing, `vanished at ${moment}`)).excluded).toEqual([
        [gone, "file.not-found"],
      ]);
    }
  });

  it("may lie in loops of links and in folders that may not be read: these are listed", async () => {
    const loop = join(photos, "sad", "a loop");
    await symlink(join(photos, "sad"), loop);
    await symlink(loop, join(photos, "sad", "a loop of loops"));
    await symlink("itself", join(photos, "sad", "itself"));
    await mkdir(join(photos, "sad", "closed", "below"), { recursive: true });
    const closed: Machine = {
      ...nodeMachine,
      list: async (folder) => {
        if (!folder.endsWith("closed")) return nodeMachine.list(folder);
        throw new InputError("file.no-permission", `Cannot list "${folder}": no permission`);
      },
    };
    const { predictions } = await predict(closed, {
      model: join(scratch, "run of 'odd'\nnames"),
      photos: [photos],
    });
    const failed = predictions.filter((prediction) => "error" in prediction);
    expect(failed.map(({ photo }) => photo)).toEqual([join(photos, "sad", "closed")]);
    expect(predictions).toHaveLength(21);
    const { excluded, skipped } = await problemsOf(closed, "loops");
    expect(excluded).toEqual([]);
    expect(skipped).toEqual([
      {
        relativePath: "sad/closed",
        reason: expect.stringMatching(/^Cannot list ".*closed": no permission$/s),
      },
      { relativePath: "sad/a loop", reason: "a link to a folder is not followed" },
      { relativePath: "sad/a loop of loops", reason: "a link to a folder is not followed" },
      { relativePath: "sad/itself", reason: "a link that leads nowhere" },
    ]);
  });
});
