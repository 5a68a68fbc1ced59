import { expect, it } from "vitest";
import { historyCsvCallback } from "../../../src/training/callbacks/history-csv.ts";
import { startSmall } from "../small-fit.ts";
import { positionAfter, recordOf, reportOf } from "./records.ts";

const header = "epoch,loss,accuracy,val_loss,val_accuracy,seconds,images_per_second,learning_rate";

async function written(...histories: ReturnType<typeof recordOf>[][]) {
  const writes: [string, string][] = [];
  const writeFile = async (path: string, text: Uint8Array | string) => {
    writes.push([path, String(text)]);
  };
  const callback = historyCsvCallback({ writeFile }, "run/history.csv");
  for (const history of histories) {
    await callback.onEpochEnd!(reportOf(history.at(-1)!), positionAfter(history), startSmall());
  }
  return writes;
}

it("history.csv has a row for each epoch, written whole after each", async () => {
  const [first, second] = [recordOf(1), recordOf(2)];
  expect(await written([first], [first, second])).toEqual([
    ["run/history.csv", `${header}\n1,0.5,0.5,1.5,0.75,10,101,0.25\n`],
    ["run/history.csv", `${header}\n1,0.5,0.5,1.5,0.75,10,101,0.25\n2,0.25,0.75,0.75,0.9375,20,102,0.25\n`],
  ]);
});

it("history.csv holds the epochs from before a resume", async () => {
  const [[, text]] = (await written([recordOf(1), recordOf(2), recordOf(3)])) as [[string, string]];
  expect(text.split("\n").map((line) => line.split(",")[0])).toEqual(["epoch", "1", "2", "3", ""]);
});

it("history.csv leaves a cell empty where there is no number", async () => {
  const nan = { loss: Number.NaN, accuracy: 0.5 };
  const [[, text]] = (await written([recordOf(1, { train: nan, validation: nan })])) as [[string, string]];
  expect(text).toBe(`${header}\n1,,0.5,,0.5,10,101,0.25\n`);
});

it("history.csv keeps every digit", async () => {
  const loss = 0.1 + 0.2;
  const [[, text]] = (await written([recordOf(1, { train: { loss, accuracy: 1 / 3 } })])) as [
    [string, string],
  ];
  const cells = text.split("\n")[1]!.split(",");
  expect([Number(cells[1]), Number(cells[2])]).toEqual([loss, 1 / 3]);
});
