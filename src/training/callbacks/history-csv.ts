import type { Platform } from "../../data/platform.ts";
import { writeCsv } from "../../formats/csv.ts";
import type { Callback } from "../callback.ts";
import type { EpochRecord } from "../history.ts";

/** Columns of `history.csv`; the metrics have Keras's names. */
const columns: Readonly<Record<string, (record: EpochRecord) => number>> = {
  epoch: ({ epoch }) => epoch,
  loss: ({ train }) => train.loss,
  accuracy: ({ train }) => train.accuracy,
  val_loss: ({ validation }) => validation.loss,
  val_accuracy: ({ validation }) => validation.accuracy,
  seconds: ({ seconds }) => seconds,
  images_per_second: ({ imagesPerSecond }) => imagesPerSecond,
  learning_rate: ({ learningRate }) => learningRate,
};

/** Keeps a table with a row for each epoch. */
export function historyCsvCallback(platform: Pick<Platform, "writeFile">, path: string): Callback {
  return {
    onEpochEnd: async (_report, { history }) => {
      const rows = history.map((record) => Object.values(columns).map((read) => read(record)));
      await platform.writeFile(path, writeCsv([Object.keys(columns), ...rows]));
      return undefined;
    },
  };
}
