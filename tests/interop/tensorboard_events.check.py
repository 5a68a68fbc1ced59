"""Reads what tensorboard_events.write.mjs wrote with TensorBoard's own reader, and by its scalars plugin's rules."""

import math
import sys

from tensorboard.backend.event_processing import event_multiplexer, tag_types
from tensorboard.util import tensor_util

events = event_multiplexer.EventMultiplexer()
events.AddRunsFromDirectory(sys.argv[1])
events.Reload()


def curve(run, tag):
    metadata = events.SummaryMetadata(run, tag)
    assert metadata.plugin_data.plugin_name == "scalars", metadata
    return [
        (event.step, round(event.wall_time, 6), float(tensor_util.make_ndarray(event.tensor_proto)))
        for event in events.Tensors(run, tag)
    ]


def expect(run, tag, steps, values):
    found = curve(run, tag)
    wanted = list(zip(steps, [1700000001.25, 1700000002.25], values))
    for (step, time, value), (wanted_step, wanted_time, wanted_value) in zip(found, wanted, strict=True):
        close = math.isclose(value, wanted_value, rel_tol=1e-7) or (math.isnan(value) and math.isnan(wanted_value))
        assert (step, time) == (wanted_step, wanted_time) and close, (run, tag, found, wanted)
    print(f"        {run}/{tag} {[value for _, _, value in found]}")


runs = events.Runs()
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
