import { afterEach, expect, it, vi } from "vitest";
import { reportFailure } from "../../src/cli/failure.ts";
import { InputError } from "../../src/util/errors.ts";

const { argv } = process;
afterEach(() => {
  process.argv = argv;
  vi.restoreAllMocks();
});

/** What an error leaves on standard output and standard error, and the exit status. */
function report(error: unknown, ...flags: string[]) {
  process.argv = ["node", "fovea", ...flags];
  const out: string[] = [];
  const err: string[] = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => out.push(String(text)) > 0);
  vi.spyOn(process.stderr, "write").mockImplementation((text) => err.push(String(text)) > 0);
  const status = reportFailure(error, []);
  return { out: out.join(""), err: err.join(""), status };
}

it("an error tells a program what it knows besides, and a reader its message alone", () => {
  const details = { parity: { status: "failed", largestDifference: 0.25 } };
  const error = new InputError("export.differs", "Expected the same, found another", { details });
  const line = "fovea: Expected the same, found another [export.differs]\n";
  expect(report(error)).toEqual({ out: "", err: line, status: 2 });
  const { out, err } = report(error, "--json");
  expect(err).toBe(line);
  expect(JSON.parse(out)).toEqual({
    error: { code: "export.differs", message: "Expected the same, found another", ...details },
  });
});
