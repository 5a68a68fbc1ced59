import { resume, summarize, train } from "fovea";

const interruption = new AbortController();
const stopped = await train({
  data: "photos",
  epochs: 3,
  signal: interruption.signal,
  observe: (event) => {
    if (event.type === "epoch") interruption.abort(); // as Ctrl-C does
  },
});
console.log(stopped.ended, stopped.history.length); // interrupted 1

const finished = await resume({ run: stopped.folder }); // to the same bits as if it had never stopped
console.log(finished.ended, finished.history.length); // finished 3

const { layers, parameters } = await summarize({ path: finished.folder });
for (const layer of layers) console.log(layer.name, layer.outputShape, layer.parameters);
console.log(parameters);
