"""Reads what tensorboard_events.write.mjs wrote with TensorBoard's own reader, and asks its plugins for what they would show."""

import csv
import json
import math
import os
import sys

import h5py
import keras
import numpy as np
import tensorflow as tf
from google.protobuf import text_format
from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer, tag_types
from tensorboard.context import RequestContext
from tensorboard.plugins import base_plugin
from tensorboard.plugins.graph import graphs_plugin
from tensorboard.plugins.hparams import api_pb2, backend_context, get_experiment, list_session_groups
from tensorboard.plugins.histogram import histograms_plugin
from tensorboard.plugins.histogram import summary_v2 as histogram_summary
from tensorboard.plugins.image import images_plugin
from tensorboard.util import tensor_util

folder = sys.argv[1]


def load(name):
    events = plugin_event_multiplexer.EventMultiplexer()
    events.AddRunsFromDirectory(os.path.join(folder, name))
    events.Reload()
    return events


def curve(events, run, tag):
    metadata = events.SummaryMetadata(run, tag)
    assert metadata.plugin_data.plugin_name == "scalars", metadata
    return [
        (event.step, round(event.wall_time, 6), float(tensor_util.make_ndarray(event.tensor_proto)))
        for event in events.Tensors(run, tag)
    ]


scalars = load("scalars")


def expect(run, tag, steps, values):
    found = curve(scalars, run, tag)
    wanted = list(zip(steps, [1700000001.25, 1700000002.25], values))
    for (step, time, value), (wanted_step, wanted_time, wanted_value) in zip(found, wanted, strict=True):
        close = math.isclose(value, wanted_value, rel_tol=1e-7) or (math.isnan(value) and math.isnan(wanted_value))
        assert (step, time) == (wanted_step, wanted_time) and close, (run, tag, found, wanted)
    print(f"        {run}/{tag} {[value for _, _, value in found]}")


runs = scalars.Runs()
assert set(runs) == {"train", "validation"}, runs
evaluations = {"evaluation_accuracy_vs_iterations", "evaluation_loss_vs_iterations"}
assert set(runs["train"][tag_types.TENSORS]) == {"epoch_accuracy", "epoch_loss", "epoch_learning_rate"}
assert set(runs["validation"][tag_types.TENSORS]) == {"epoch_accuracy", "epoch_loss"} | evaluations

expect("train", "epoch_accuracy", [0, 1], [0.5, 0.75])
expect("train", "epoch_loss", [0, 1], [0.7, 0.1])
expect("train", "epoch_learning_rate", [0, 1], [0.001, 0.0005])
expect("validation", "epoch_accuracy", [0, 1], [0.25, 1.0])
expect("validation", "epoch_loss", [0, 1], [0.8, math.nan])
expect("validation", "evaluation_accuracy_vs_iterations", [5, 10], [0.25, 1.0])
expect("validation", "evaluation_loss_vs_iterations", [5, 10], [0.8, math.nan])


def plugins(events):
    provider = data_provider.MultiplexerDataProvider(events, folder)
    return base_plugin.TBContext(data_provider=provider, logdir=folder, multiplexer=events)


ctx = RequestContext()


def nodes(context, run, tag, conceptual):
    text, _ = graphs_plugin.GraphsPlugin(context).graph_impl(ctx, run, tag, conceptual, experiment="")
    graph = tf.compat.v1.GraphDef()
    text_format.Parse(text, graph)
    return graph.node


def edges(found):
    return {node.name.split("/")[-1]: sorted(name.split("/")[-1] for name in node.input) for node in found}


# The graph of a model that branches: both of its pages have the same edges, and Keras makes a model of it.
residual = load("residual")
wanted = {
    "photo": [],
    "first": ["photo"],
    "norm": ["first"],
    "sum": ["first", "norm"],
    "aside": ["photo"],
    "end": ["aside", "sum"],
    "pool": ["end"],
    "classes": ["pool"],
}
context = plugins(residual)
ops = nodes(context, ".", None, False)
assert edges(ops) == wanted, edges(ops)
assert edges(nodes(context, ".", "keras", True)) == wanted
shapes = {node.name: [dim.size for dim in node.attr["_output_shapes"].list.shape[0].dim] for node in ops}
[event] = residual.Tensors(".", "keras")
text = tensor_util.make_ndarray(event.tensor_proto).item().decode()
model = keras.models.model_from_json(text)
assert model.output_shape == (None, 3)
for layer in model.layers:
    output = layer.output.shape
    assert [-1, *output[1:]] == shapes[layer.name], (layer.name, output, shapes[layer.name])
print(f"        a graph of {len(ops)} layers, which Keras builds to the same shapes")

# A run with all that can be asked for.
run = load("run")
context = plugins(run)
board = "tensorboard"
assert set(run.Runs()) == {board, *(f"{board}/{part}" for part in ["train", "validation", "test"])}, run.Runs()

with open(os.path.join(folder, "run", "history.csv")) as file:
    history = list(csv.DictReader(file))
for column, part, tag in [
    ("loss", "train", "epoch_loss"),
    ("accuracy", "train", "epoch_accuracy"),
    ("learning_rate", "train", "epoch_learning_rate"),
    ("val_loss", "validation", "epoch_loss"),
    ("val_accuracy", "validation", "epoch_accuracy"),
]:
    found = [(step, value) for step, _, value in curve(run, f"{board}/{part}", tag)]
    assert found == [(step, np.float32(row[column])) for step, row in enumerate(history)], (tag, found)
batches = curve(run, f"{board}/train", "batch_loss")
per_epoch = curve(run, f"{board}/validation", "evaluation_loss_vs_iterations")[0][0]
assert [step for step, _, _ in batches] == list(range(2, 3 * per_epoch + 1, 2)), batches
print(f"        {len(batches)} points of batch_loss, {len(history)} of epoch_loss, as in history.csv")

# Histograms: TensorBoard's own of the last weights.
histograms = histograms_plugin.HistogramsPlugin(context)
tags = histograms.index_impl(ctx, experiment="")[f"{board}/train"]
with h5py.File(os.path.join(folder, "run", "last.h5")) as file:
    for tag in tags:
        _, layer, weight, _ = tag.split("/")
        group = file["model_weights"][layer]
        names = [str(name) for name in group.attrs["weight_names"]]
        [name] = [name for name in names if name.split("/")[-1].split(":")[0] == weight]
        expected = histogram_summary.histogram_pb("", group[name][()]).value[0].tensor
        found, _ = histograms.histograms_impl(ctx, tag, f"{board}/train", experiment="")
        assert [step for _, step, _ in found] == [0, 1, 2], found
        np.testing.assert_allclose(found[-1][2], tensor_util.make_ndarray(expected), rtol=1e-12)
print(f"        histograms of {len(tags)} weights, equal to TensorBoard's own of last.h5")

# Pictures decode, to the size that is said.
images = images_plugin.ImagesPlugin(context)
steps = {}
for name, tags in images._index_impl(ctx, "").items():
    for tag in tags:
        for event in run.Tensors(name, tag):
            width, height, png = tensor_util.make_ndarray(event.tensor_proto)
            assert tf.io.decode_png(png).shape == (int(height), int(width), 3), (tag, width, height)
            steps.setdefault(f"{name.removeprefix(board + '/')}/{tag}", []).append(event.step)
best = min(range(len(history)), key=lambda row: float(history[row]["val_loss"]))
at_the_end = [(best + 1) * per_epoch]
assert steps == {
    "train/batch_images": [0],
    "validation/epoch_confusion_matrix": [0, 1, 2],
    "validation/epoch_worst_errors": [0, 1, 2],
    "test/evaluation_confusion_matrix": at_the_end,
    "test/evaluation_worst_errors": at_the_end,
}, steps
print(f"        pictures {', '.join(steps)}")

# The row of the run among the hyperparameters.
hparams = backend_context.Context(context)
metadata = hparams.hparams_metadata(ctx, "")
experiment = hparams.experiment_from_metadata(ctx, "", True, metadata, hparams.hparams_from_data_provider(ctx, "", 0))
metrics = {(info.name.group, info.name.tag) for info in experiment.metric_infos}
assert {("validation", "epoch_accuracy"), ("test", "evaluation_accuracy_vs_iterations")} <= metrics, metrics
columns = [api_pb2.ColParams(metric=info.name) for info in experiment.metric_infos]
request = api_pb2.ListSessionGroupsRequest(
    col_params=columns,
    allowed_statuses=[api_pb2.STATUS_SUCCESS, api_pb2.STATUS_UNKNOWN, api_pb2.STATUS_RUNNING, api_pb2.STATUS_FAILURE],
    slice_size=10,
)
[group] = list_session_groups.Handler(ctx, hparams, "", request).run().session_groups
[session] = group.sessions
assert session.status == api_pb2.STATUS_SUCCESS and session.end_time_secs >= session.start_time_secs
values = {name: getattr(value, value.WhichOneof("kind")) for name, value in group.hparams.items()}
assert values == {
    "augment": "light",
    "batch_size": 16,
    "epochs": 3,
    "image_size": 32,
    "learning_rate": 0.001,
    "model": "report",
    "seed": 0,
}, values
with open(os.path.join(folder, "run", "metrics.json")) as file:
    accuracy = json.load(file)["accuracy"]["value"]
[shown] = [
    value.value
    for value in group.metric_values
    if (value.name.group, value.name.tag) == ("test", "evaluation_accuracy_vs_iterations")
]
assert shown == np.float32(accuracy), (shown, accuracy)
print(f"        a row of hyperparameters {values}")
