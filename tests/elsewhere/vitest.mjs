/**
 * What our tests use of Vitest, in one file without workers or native parts, so that they also run where Vitest does
 * not: in an emulated processor, under a sanitizer. `expect` is Vitest's own.
 */
import { format } from "node:util";
import { chai, JestAsymmetricMatchers, JestChaiExpect, JestExtend } from "@vitest/expect";

for (const plugin of [JestExtend, JestChaiExpect, JestAsymmetricMatchers]) chai.use(plugin);

export const { expect } = chai;

/** What is described but not run yet, in order: [titles, function]. */
const tests = [];
const endings = [];
let titles = [];

export function describe(title, suite) {
  const outer = titles;
  titles = [...titles, title];
  suite();
  titles = outer;
}

export function it(title, test) {
  tests.push([[...titles, title].join(", "), test]);
}

export const afterAll = (ending) => endings.push(ending);

/** `each` of Vitest: one call for each row of a table, its values in the title. */
const each = (define) => (table) => (title, body) => {
  for (const row of table) {
    const values = Array.isArray(row) ? row : [row];
    const places = title.match(/%[sdifjoO]/g)?.length ?? 0;
    define(format(title, ...values.slice(0, places)), () => body(...values));
  }
};
describe.each = each(describe);
it.each = each(it);

/** Runs what was described and has this text in its titles; prints what failed and how many passed. */
export async function runTests(text) {
  const wanted = tests.filter(([title]) => title.includes(text));
  let failed = 0;
  for (const [title, test] of wanted) {
    try {
      await test();
    } catch (error) {
      failed++;
      console.log(`FAILED  ${title}\n${error.stack}`);
    }
  }
  for (const ending of endings) await ending();
  console.log(`${wanted.length - failed} of ${wanted.length} tests passed`);
  return failed === 0 && wanted.length > 0;
}
