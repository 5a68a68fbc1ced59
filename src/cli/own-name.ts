/** What to type to call this command again: npx, which found it where no path leads to, is needed the next time too. */
export function ownName(): string {
  return process.env.npm_command === "exec" ? "npx fovea" : "fovea";
}
