import { exportModel, train } from "fovea";

const run = await train({ data: "photos", epochs: 1 });
const { path, parameters } = await exportModel({ model: run.folder, format: "keras" }); // or out: "cats.keras"
console.log(path, parameters); // keras.models.load_model(path) predicts the same
