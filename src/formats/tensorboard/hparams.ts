import protobuf from "protobufjs/minimal.js";
import type { Summary } from "./events.ts";
import { field, fixed64, lengthDelimited, varint } from "./wire.ts";

/**
 * What TensorBoard's HParams page lists a run by: tensorboard/plugins/hparams/plugin_data.proto. They lie beside the folders
 * `train/` and `validation/`, as Keras's `hp.KerasCallback` puts them, and TensorBoard takes the metrics from there. The message
 * that lists the columns is left out as it is there: with it TensorBoard would show no hyperparameter that only other runs have.
 */

export type HParam = string | number | boolean;

/** `trial` names the row; rows of one name are taken for one. */
export function sessionStart(
  hparams: Readonly<Record<string, HParam>>,
  trial: string,
  startTime: number,
): Summary {
  const data = protobuf.Writer.create();
  data.uint32(field(3, lengthDelimited)).fork();
  for (const name of Object.keys(hparams).sort()) writeHParam(data, name, hparams[name]);
  data.uint32(field(4, lengthDelimited)).string(trial);
  data.uint32(field(5, fixed64)).double(startTime).ldelim();
  return hparamsSummary("_hparams_/session_start_info", new Uint8Array(data.finish()));
}

const STATUS_SUCCESS = 1;

/** The run has come to its end. Until then TensorBoard shows it as one that goes on. */
export function sessionEnd(endTime: number): Summary {
  const data = protobuf.Writer.create();
  data.uint32(field(4, lengthDelimited)).fork();
  data.uint32(field(1, varint)).int32(STATUS_SUCCESS);
  data.uint32(field(2, fixed64)).double(endTime).ldelim();
  return hparamsSummary("_hparams_/session_end_info", new Uint8Array(data.finish()));
}

/** An entry of a map: its key, and a google.protobuf.Value. */
function writeHParam(session: protobuf.Writer, name: string, value: HParam): void {
  session.uint32(field(1, lengthDelimited)).fork();
  session.uint32(field(1, lengthDelimited)).string(name);
  session.uint32(field(2, lengthDelimited)).fork();
  if (typeof value === "number") session.uint32(field(2, fixed64)).double(value);
  else if (typeof value === "string") session.uint32(field(3, lengthDelimited)).string(value);
  else session.uint32(field(4, varint)).bool(value);
  session.ldelim().ldelim();
}

/** All is in the content for the plugin; the tensor is there because there must be one. */
function hparamsSummary(tag: string, content: Uint8Array): Summary {
  return { tag, plugin: { name: "hparams", content }, tensor: { shape: [0], content: new Float32Array(0) } };
}
