/**
 * Fovea's library for Node: the verbs of the command line as functions. Each takes one object of options and throws an
 * `InputError` with a stable code for what is wrong with what it was given.
 */
import { nodeMachine } from "./platform/node/node-machine.ts";
import * as checking from "./tasks/check.ts";
import * as evaluating from "./tasks/evaluate.ts";
import * as exporting from "./tasks/export.ts";
import * as importing from "./tasks/import.ts";
import * as predicting from "./tasks/predict.ts";
import * as previewing from "./tasks/preview.ts";
import * as summarizing from "./tasks/summary.ts";
import * as training from "./tasks/train.ts";

export type { Finding, FindingCase, FindingEffect } from "./data/check/finding.ts";
export type { Evaluation } from "./evaluation/evaluation.ts";
export type { Rate } from "./evaluation/wilson.ts";
export type { CheckProgress, CheckRequest, CheckResult } from "./tasks/check.ts";
export type { EvaluateRequest, EvaluateResult } from "./tasks/evaluate.ts";
export type { ExportRequest, ExportResult } from "./tasks/export.ts";
export type { ImportRequest, ImportResult } from "./tasks/import.ts";
export type { Parity } from "./tasks/parity/check-parity.ts";
export type { PhotoSource, Prediction, PredictRequest, PredictResult } from "./tasks/predict.ts";
export type { PreviewRequest, PreviewResult } from "./tasks/preview.ts";
export type { Summary, SummaryRequest } from "./tasks/summary.ts";
export type { ResumeRequest, TrainRequest } from "./tasks/train.ts";
export type { Observe, TrainEvent, TrainResult } from "./tasks/train-events.ts";
export { InputError } from "./util/errors.ts";

/** Finds what spoils a classifier in a folder of photos: broken files, odd pictures, copies, leaks. Changes nothing. */
export const check = (request: checking.CheckRequest) => checking.check(nodeMachine, request);

/** From a folder of photos, one sub-folder a class, to a run folder with a trained and judged classifier. */
export const train = (request: training.TrainRequest) => training.train(nodeMachine, request);

/** Draws photos of a folder beside what augmentation makes of them. */
export const preview = (request: previewing.PreviewRequest) => previewing.preview(nodeMachine, request);

/** Goes on with a run that was interrupted, or adds epochs; to the same bits as if it had never stopped. */
export const resume = (request: training.ResumeRequest) => training.resume(nodeMachine, request);

/** Judges a run on its test photos, or any classifier on a folder of photos. */
export const evaluate = (request: evaluating.EvaluateRequest) => evaluating.evaluate(nodeMachine, request);

/** Classifies photos; one that cannot be read gets an error in its place, and the others their answer. */
export const predict = (request: predicting.PredictRequest) => predicting.predict(nodeMachine, request);

/** Writes a classifier as a file for other tools: Keras 3's `.keras`, or `.h5`. */
export const exportModel = (request: exporting.ExportRequest) => exporting.exportModel(nodeMachine, request);

/** Makes a run folder of a model file from elsewhere, with its class names and the way photos are prepared for it. */
export const importModel = (request: importing.ImportRequest) => importing.importModel(nodeMachine, request);

/** The layer table of an architecture, a run or a model file. */
export const summarize = (request: summarizing.SummaryRequest) => summarizing.summarize(nodeMachine, request);
