import { type Stage, settleInOrder, stageAll } from "./staged-files.ts";

/**
 * Writes files while work goes on: `write` waits for what was begun before and until the system has the bytes, but not for the
 * disk. Files take their places in the order in which they were given. What fails on the way is thrown by the next call.
 */
export function createWriteBehind() {
  let underWay: Promise<void> = Promise.resolve();
  const done = () => {
    const finished = underWay;
    underWay = Promise.resolve();
    return finished;
  };
  const write = async (stages: readonly Stage[]): Promise<void> => {
    await done();
    const staged = await stageAll(stages);
    underWay = settleInOrder(staged);
    underWay.catch(() => undefined); // whoever waits for it hears of it
  };
  return { write, done };
}
