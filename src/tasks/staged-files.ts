import type { StagedFile } from "../data/platform.ts";

/** Begins a file: when it is done, the memory that it was written from may change. */
export type Stage = () => Promise<StagedFile>;

/** Begins all of the files, or none. */
export async function stageAll(stages: readonly Stage[]): Promise<StagedFile[]> {
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
export async function settleInOrder(files: readonly StagedFile[]): Promise<void> {
  for (const [index, file] of files.entries()) {
    try {
      await file.settle();
    } catch (error) {
      await dropAll(files.slice(index + 1));
      throw error;
    }
  }
}

export async function dropAll(files: readonly StagedFile[]): Promise<void> {
  for (const file of files) await file.drop();
}
