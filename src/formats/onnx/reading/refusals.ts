import { InputError } from "../../../util/errors.ts";
import type { FileNode } from "./decode.ts";

/** Nodes of one kind that are named; there may be thousands. */
const NAMED = 10;
/** Kinds that are listed. */
const LISTED = 50;

/** The nodes of a graph that have no equal here, for one error that lists them all. */
export class Refusals {
  private readonly nodes = new Map<string, string[]>();

  add({ operator, domain, name, outputs }: FileNode, why = ""): void {
    const kind = `${domain === "" ? "" : `${domain}.`}${operator || "a node without operator"}`;
    const text = why === "" ? kind : `${kind} (${why})`;
    const known = this.nodes.get(text);
    const label = name || outputs[0] || "unnamed";
    if (known) known.push(label);
    else this.nodes.set(text, [label]);
  }

  throwIfAny(): void {
    if (this.nodes.size === 0) return;
    const kinds = [...this.nodes].slice(0, LISTED).map(([text, names]) => {
      const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : "";
      return `${text} in ${names
        .slice(0, NAMED)
        .map((name) => `"${name.slice(0, 100)}"`)
        .join(", ")}${more}`;
    });
    const more = this.nodes.size > LISTED ? `; and ${this.nodes.size - LISTED} more kinds` : "";
    const message = `Expected ONNX operators that have an equal here, found ${kinds.join("; ")}${more}`;
    throw new InputError("model.unsupported", message);
  }
}
