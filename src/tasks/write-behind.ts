import type { StagedFile } from "../data/platform.ts";

/** Begins a file: when it is done, the memory that it was written from may change. */
export type Stage = () => Promise<StagedFile>;

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

async function stageAll(stages: readonly Stage[]): Promise<StagedFile[]> {
  const staged: StagedFile[] = [];
  try {
    for (const stage of stages) staged.push(await stage());
    return staged;
  } catch (error) {
    await dropAll(staged);
    throw error;
  }
}

/** What comes after a file that fails is dropped: it may say that the file is there. */
async function settleInOrder(files: readonly StagedFile[]): Promise<void> {
  for (const [index, file] of files.entries()) {
    try {
      await file.settle();
    } catch (error) {
      await dropAll(files.slice(index + 1));
      throw error;
    }
  }
}

async function dropAll(files: readonly StagedFile[]): Promise<void> {
  for (const file of files) await file.drop();
}
