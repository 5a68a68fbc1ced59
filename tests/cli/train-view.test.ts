import { stripVTControlCharacters } from "node:util";
import { describe, expect, it, vi } from "vitest";
import { showEvaluation } from "../../src/cli/evaluation-view.ts";
import { textWidth } from "../../src/cli/text.ts";
import { createTrainView } from "../../src/cli/train-view.ts";
import { evaluatePredictions } from "../../src/evaluation/evaluation.ts";
import type { TrainEvent } from "../../src/tasks/train-events.ts";
import { fakePipe, fakeTerminal } from "./fake-terminal.ts";

const longName = "sad/ADea4I4CgV4-hlxUOAdFjyNYonWRHO6Pu4jWXKk9BJScXws64-c-mo.jpg";
const metrics = { accuracy: 0.4679, loss: 0.7095 };

function events(loss = 0.7095): TrainEvent[] {
  const epoch = { epoch: 1, epochs: 3, batches: 5 };
  const batch = (done: number): TrainEvent => ({
    type: "batch",
    report: { ...epoch, batch: done, seconds: done, imagesPerSecond: 32, metrics: { ...metrics, loss } },
  });
  const record = {
    epoch: 1,
    train: { ...metrics, loss },
    validation: { accuracy: 0.4545, loss },
    learningRate: 0.001,
    seconds: 5.2,
    imagesPerSecond: 32,
  };
  const validation = { judged: [], predictions: new Float32Array(0) };
  return [
    { type: "scanned", data: "photos", files: 222, classNames: ["happy", "sad"] },
    { type: "loading", done: 99, total: 222 },
    {
      type: "loaded",
      problems: [
        {
          relativePath: longName,
          code: "data.misnamed",
          reason: "Named as JPEG, but its content is PNG",
          excluded: false,
        },
        { relativePath: "sad/a\nb", code: "image.unsupported", reason: "found text", excluded: true },
      ],
      skipped: [{ relativePath: "happy/link", reason: "a link that leads nowhere" }],
      classes: [{ name: "happy", train: 73, validation: 20, test: 10 }],
    },
    {
      type: "started",
      folder: "run",
      model: "report",
      parameterCount: 3_696_625,
      backend: "native, 2 threads",
    },
    batch(1),
    batch(2),
    batch(5),
    { type: "epoch", report: { ...epoch, record, validation, waited: 0, best: true } },
  ];
}

function show(columns: number) {
  const fake = fakeTerminal(columns);
  vi.useFakeTimers({ toFake: ["performance"] });
  const view = createTrainView(fake.terminal);
  for (const event of events()) {
    vi.advanceTimersByTime(200); // more than the time between two drawings
    view(event);
  }
  vi.useRealTimers();
  return fake;
}

describe("a training run in a terminal", () => {
  it("of 80 columns", () => {
    expect(show(80).rows()).toEqual([
      "Found 222 files belonging to 2 classes.",
      "Left out 2 files:",
      "  sad/a\\u000ab  found text",
      "  happy/link  a link that leads nowhere",
      "Used, though something is odd about 1 file:",
      `  ${longName}`,
      "      Named as JPEG, but its content is PNG",
      "  class     photos  train  validation  test",
      "  happy        103     73          20    10",
      "  together     103     73          20    10",
      "",
      "Model report, 3,696,625 parameters; backend native, 2 threads",
      "Run folder run",
      "Epoch 1/3",
      "5/5 ━━━━━━━━━━ 5s 1s/step - accuracy: 0.4679 - loss: 0.7095",
      "    val_accuracy: 0.4545 - val_loss: 0.7095 - 32 images/s - best so far",
      "",
    ]);
  });

  it("of 120 columns has room for the reason beside the name, and for Keras's line", () => {
    const rows = show(120).rows();
    expect(rows).toContain(`  ${longName}  Named as JPEG, but its content is PNG`);
    expect(rows.slice(-3)).toEqual([
      "5/5 ━━━━━━━━━━━━━━━━━━━━ 5s 1s/step - accuracy: 0.4679 - loss: 0.7095 - val_accuracy: 0.4545 - val_loss: 0.7095",
      "    32 images/s - best so far",
      "",
    ]);
  });

  it("of 50 columns still breaks between words", () => {
    expect(show(50).rows().slice(-4)).toEqual([
      "5/5 ━━━━━━━━━━ 5s 1s/step - accuracy: 0.4679",
      "    loss: 0.7095 - val_accuracy: 0.4545",
      "    val_loss: 0.7095 - 32 images/s - best so far",
      "",
    ]);
  });

  it.each([30, 50, 80, 120])("of %i columns draws its bar on one row, and removes it", (columns) => {
    const written = show(columns).written();
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escapes are what is looked for
    const drawn = [...written.matchAll(/(?:^|\n|\x1b\[K|\r)([^\n\r\x1b]*)\x1b\[K/g)].map(([, text]) => text!);
    expect(drawn.some((text) => text.startsWith("Reading photos  99/222 ━"))).toBe(true);
    expect(drawn.some((text) => text.startsWith("2/5 ━━━━"))).toBe(true);
    for (const text of drawn) expect(textWidth(text)).toBeLessThan(columns);
    expect(show(columns).rows().join("\n")).not.toMatch(/Reading|2\/5/);
  });
});

describe("a training run into a file", () => {
  it("is a line an epoch and a line a file", () => {
    const pipe = fakePipe();
    const view = createTrainView(pipe.terminal);
    for (const event of events()) view(event);
    const lines = pipe.written().split("\n");
    expect(lines).toContain(`  ${longName}  Named as JPEG, but its content is PNG`);
    expect(lines.at(-2)).toBe(
      "Epoch 1/3 5s 1s/step - accuracy: 0.4679 - loss: 0.7095 - val_accuracy: 0.4545 - val_loss: 0.7095 - 32 images/s - best so far",
    );
    expect(pipe.written()).not.toContain("Reading");
  });

  it("says once, at the first batch, that the loss is not a number", () => {
    const pipe = fakePipe();
    const view = createTrainView(pipe.terminal);
    for (const event of [...events(Number.NaN), ...events(Number.NaN)]) view(event);
    expect(pipe.written().match(/not a number any more.*--learning-rate/g)).toHaveLength(1);
    expect(pipe.written().indexOf("not a number")).toBeLessThan(pipe.written().indexOf("Epoch 1/3"));
  });
});

describe("NO_COLOR", () => {
  it("leaves the text without colours", () => {
    vi.stubEnv("NO_COLOR", undefined);
    vi.stubEnv("FORCE_COLOR", "1");
    vi.stubEnv("TERM", "xterm");
    const coloured = fakeTerminal(80).terminal.bold("text");
    vi.stubEnv("NO_COLOR", "1");
    expect([coloured, fakeTerminal(80).terminal.bold("text")]).toEqual(["\x1b[1mtext\x1b[22m", "text"]);
    vi.unstubAllEnvs();
  });
});

describe("an evaluation in a narrow terminal", () => {
  it("leaves out what does not fit, and breaks no row", () => {
    const names = ["anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise"];
    const classes = names.map((_, index) => index);
    const predictions = Float32Array.from(
      classes.flatMap((row) => classes.map((c) => (c === row ? 0.4 : 0.1))),
    );
    const evaluation = evaluatePredictions({ predictions, outputs: 7, classes, loss: 1 }, names);
    const fake = fakeTerminal(50);
    showEvaluation(fake.terminal, evaluation, "On the test photos, which training never saw");
    expect(fake.rows()).toContain("  class      images  precision  recall");
    expect(fake.rows()).toContain("               1  2  3  4  5  6  7");
    expect(fake.rows()).toEqual(stripVTControlCharacters(fake.written()).split("\n"));
  });
});
