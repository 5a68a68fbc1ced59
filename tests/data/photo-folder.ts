import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe } from "vitest";

const repository = fileURLToPath(new URL("../../", import.meta.url));

/** Photos made by others, which are in no repository: `FOVEA_DATA`, or a folder beside the repository's. */
const photoFolder = process.env.FOVEA_DATA ?? `${repository}../shared/data`;

/** Tests on one folder of those photos; where it is missing they are skipped, aloud. */
export function describePhotos(name: string, body: (folder: string) => void): void {
  const folder = `${photoFolder}/${name}`;
  const there = existsSync(folder);
  if (!there)
    console.warn(`SKIPPED: the tests on ${name}, for ${folder} is missing (set FOVEA_DATA to the photos)`);
  describe.skipIf(!there)(`${name}${there ? "" : " (skipped: no photos, see FOVEA_DATA)"}`, () =>
    body(folder),
  );
}
