/** What Fovea's sides share: the built engine, a backend, and what the machine can do on it. */
import { builtFile, refuse } from "./support.mjs";

export const built = (path) => import(builtFile(path));

/** The backend of this name on so many threads. */
export async function backendOf(name, threads) {
  const { chooseBackend } = await built("backends/choose.js");
  const { backend } = await chooseBackend(name, { threads });
  if (name !== "auto" && backend.name !== name) refuse(`Expected the backend ${name}, found ${backend.name}`);
  return backend;
}

export async function limitsOf(backend) {
  const { measureLimits } = await built("tasks/machine-limits.js");
  return measureLimits(backend);
}
