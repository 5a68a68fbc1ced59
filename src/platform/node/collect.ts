import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

let collect: (() => void) | undefined;

/**
 * Frees what nobody holds any more, now. V8 counts a decoded photo as the few bytes of its handle and lets hundreds of
 * megabytes pile up before it looks; 10 ms here keep the peak of a folder of large photos at the largest of them.
 */
export function collectGarbage(): void {
  if (collect === undefined) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as () => void;
  }
  collect();
}
