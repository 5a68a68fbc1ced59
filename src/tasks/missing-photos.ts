import { type DataProblem, problemOf } from "../data/load.ts";
import type { Sample } from "../data/scan.ts";
import type { Observe } from "./train-events.ts";

/** Photos that are told of by name when they are met; the list of problems has all. */
const NAMED = 20;

/** Photos that were there when the files were read, and could not be had when training wanted them. */
export interface MissingPhotos {
  readonly problems: readonly DataProblem[];
  add(sample: Pick<Sample, "relativePath">, reason: unknown): void;
}

export function collectMissing(observe: Observe): MissingPhotos {
  const problems: DataProblem[] = [];
  const notice = (text: string) => observe({ type: "notice", text });
  return {
    problems,
    add(sample, error) {
      const problem = problemOf(sample, error);
      problems.push(problem);
      if (problems.length <= NAMED) notice(`Passed over "${problem.relativePath}": ${problem.reason}`);
      else if (problems.length === NAMED + 1)
        notice("More photos have to be passed over; split.json and --json list all in the end.");
    },
  };
}
