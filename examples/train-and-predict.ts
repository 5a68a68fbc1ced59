import { evaluate, InputError, predict, train } from "fovea";

const run = await train({
  data: "photos", // one sub-folder a class
  epochs: 20,
  observe: (event) => {
    if (event.type === "epoch") console.log(event.report.record.epoch, event.report.record.validation);
  },
});
const { evaluation } = await evaluate({ model: run.folder }); // the test photos, which training never saw
console.log(`accuracy ${evaluation.accuracy.value} on ${evaluation.images} photos`);
console.log(`95 % interval ${evaluation.accuracy.interval.join(" to ")}`);

const { predictions } = await predict({ model: run.folder, photos: ["photos/happy/1.jpg", "missing.jpg"] });
for (const prediction of predictions)
  console.log(prediction.photo, "class" in prediction ? prediction.class : "?");

await train({ data: "no-such-folder" }).catch((error) => {
  if (error instanceof InputError) console.log(error.code); // data.no-such-folder
});
