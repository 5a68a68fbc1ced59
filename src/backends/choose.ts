import type { Backend } from "../core/backend.ts";
import { InputError, suggest } from "../util/errors.ts";
import { referenceBackend } from "./reference/reference.ts";

export const backendNames = ["auto", "native", "reference"] as const;

export interface ChosenBackend {
  readonly backend: Backend;
  /** One line for the user where it is not the best there is. */
  readonly notice?: string;
}

/**
 * The backend of this name; `auto` takes the fastest that loads.
 * @throws InputError `backend.unknown`, `backend.unavailable`
 */
export async function chooseBackend(name: string): Promise<ChosenBackend> {
  if (name === "reference") return { backend: referenceBackend };
  if (name !== "auto" && name !== "native") {
    throw new InputError("backend.unknown", `Unknown backend "${name}". ${suggest(name, backendNames)}`);
  }
  const { loadNativeBackend } = await import("./native/native.ts");
  const native = loadNativeBackend();
  if (!("unavailable" in native)) return { backend: native };
  if (name === "native") {
    throw new InputError("backend.unavailable", `The native backend cannot be used: ${native.unavailable}`);
  }
  const notice = `The native backend cannot be used (${native.unavailable}); the reference backend takes its place and is some hundred times slower`;
  return { backend: referenceBackend, notice };
}
