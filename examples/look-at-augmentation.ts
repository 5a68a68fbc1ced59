import { preview, train } from "fovea";

const augment = "flip,rotation=0.1,mixup"; // or light, standard, strong
const { file } = await preview({ data: "photos", augment });
console.log(`look at ${file}`);

const { bestEpoch } = await train({ data: "photos", epochs: 2, augment });
console.log(`best epoch: ${bestEpoch}`);
