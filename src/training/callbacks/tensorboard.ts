import type { Platform } from "../../data/platform.ts";
import { epochScalars, evaluationScalars, type TaggedValue } from "../../formats/tensorboard.ts";
import { eventFileName, writeScalar, writeVersion } from "../../formats/tfevents.ts";
import type { Callback } from "../callback.ts";

/** Who writes, and when: event files are named by it. */
export interface EventWriter extends Pick<Platform, "join" | "makeFolder"> {
  appendFile(path: string, bytes: Uint8Array): Promise<void>;
  now(): Date;
  describe(): { readonly host: string; readonly processId: number };
}

/**
 * Writes TensorBoard events as Keras's callback lays them out: `train/` and `validation/` with a scalar for each metric, the
 * step being the epoch from 0. A run that goes on opens new files beside the old ones, as TensorBoard expects.
 */
export function tensorBoardCallback(writer: EventWriter, folder: string): Callback {
  const train = openEvents(writer, writer.join(folder, "train"), 0);
  const validation = openEvents(writer, writer.join(folder, "validation"), 1);
  return {
    onEpochEnd: async ({ record }, _position, session) => {
      const { loss, accuracy } = record.validation;
      const scalars = epochScalars({
        ...record.train,
        val_loss: loss,
        val_accuracy: accuracy,
        learning_rate: record.learningRate,
      });
      const step = record.epoch - 1;
      await train(scalars.train, step);
      await validation(evaluationScalars({ loss, accuracy }), session.iterations);
      await validation(scalars.validation, step);
      return undefined;
    },
  };
}

/** Appends to an event file that is begun with the first value. */
function openEvents(writer: EventWriter, folder: string, count: number) {
  let path: string | undefined;
  return async (values: readonly TaggedValue[], step: number): Promise<void> => {
    const wallTime = writer.now().getTime() / 1000;
    if (path === undefined) {
      await writer.makeFolder(folder);
      const { host, processId } = writer.describe();
      path = writer.join(folder, eventFileName(wallTime, host, processId, count));
      await writer.appendFile(path, writeVersion(wallTime));
    }
    const records = values.map(({ tag, value }) => writeScalar(tag, value, step, wallTime));
    for (const record of records) await writer.appendFile(path, record);
  };
}
