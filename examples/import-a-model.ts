import { importModel, predict } from "fovea";

// A model made elsewhere: what its file does not say, such as class names and the range of its input, is said here.
const { folder, assumed } = await importModel({ file: "model.onnx", classes: "happy,sad", range: "-1..1" });
for (const words of assumed) console.log(`taken for granted: ${words}`);

const { predictions } = await predict({ model: folder, photos: ["photos/happy/1.jpg"] });
for (const { photo, ...answer } of predictions) console.log(photo, "class" in answer ? answer.class : "?");
