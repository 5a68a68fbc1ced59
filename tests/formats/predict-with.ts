import type { Backend } from "../../src/core/backend.ts";
import { buildModel } from "../../src/core/model.ts";
import { Session } from "../../src/core/session.ts";
import type { SavedModel } from "../../src/formats/saved-model.ts";
import { matchWeights } from "../../src/tasks/classifier.ts";

/** What a model that was read predicts: [batch, outputs] for images [batch, height, width, channels]. */
export async function predictWith(
  backend: Backend,
  saved: SavedModel,
  images: Float32Array,
): Promise<Float32Array> {
  const model = buildModel(saved.description);
  const session = new Session(backend, model);
  session.weights = matchWeights(model, saved.weights);
  return session.predict(images);
}
