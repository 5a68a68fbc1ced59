import { expect, it } from "vitest";
import { createTurns } from "../../src/util/turns.ts";

it("so many at once and no more, in the order in which they came, also where one fails", async () => {
  const inTurn = createTurns(2);
  let busy = 0;
  let most = 0;
  const order: number[] = [];
  const work = (number: number) =>
    inTurn(async () => {
      most = Math.max(most, ++busy);
      order.push(number);
      await new Promise(setImmediate);
      busy--;
      if (number === 1) throw new Error("one failed");
      return number;
    });
  const results = await Promise.allSettled([0, 1, 2, 3, 4].map(work));
  expect(results.map(({ status }) => status)).toEqual([
    "fulfilled",
    "rejected",
    "fulfilled",
    "fulfilled",
    "fulfilled",
  ]);
  expect(order).toEqual([0, 1, 2, 3, 4]);
  expect(most).toBe(2);
});
