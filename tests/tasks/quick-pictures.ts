import type { Machine } from "../../src/tasks/machine.ts";

const content = "a picture, and a header's length of it";
const picture = { width: 2, height: 1, png: Uint8Array.of(1, 2, 3) };

/**
 * Stands in for src/tasks/pictures.ts where a test is about numbers: drawing takes most of the time of a small run, and
 * tests/report proves it. The same files are written at the same moments.
 */
async function write(machine: Machine, folder: string, names: readonly string[]): Promise<string[]> {
  const paths = names
    .flatMap((name) => [`${name}.svg`, `${name}.png`])
    .map((name) => machine.join(folder, name));
  for (const path of paths) await machine.writeFile(path, content);
  return paths;
}

export const writeHistoryPlots = (machine: Machine, folder: string) =>
  write(machine, folder, ["loss", "accuracy"]);
export const writeConfusionPlot = (machine: Machine, folder: string) =>
  write(machine, folder, ["confusion-matrix"]);
export const confusionPlot = "confusion-matrix.png";
export const drawConfusionMatrix = async () => picture;
export const writeContactSheet = async (machine: Machine, path: string) => {
  await machine.writeFile(path, content);
  return picture;
};
