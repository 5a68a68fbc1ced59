/**
 * A reader that has seen enough, such as `head`, closes the pipe, and a disk that takes the output may be full. Neither ends
 * the work: what a run learns goes to its folder. A full disk is told once and makes the exit status 2.
 */
export function surviveLostOutput(): void {
  let told = false;
  const survive = (error: NodeJS.ErrnoException) => {
    const closed = error.code === "EPIPE" || error.code === "ERR_STREAM_DESTROYED";
    if (closed || told) return;
    told = true;
    process.stderr.write(`fovea: Cannot write the output: ${error.message} [output.failed]\n`);
    process.on("exit", () => {
      process.exitCode ||= 2;
    });
  };
  process.stdout.on("error", survive);
  process.stderr.on("error", survive);
}
