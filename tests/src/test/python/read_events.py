"""Prints as JSON what TensorBoard reads from a folder: the steps and values of each scalar, by its tag.

    read_events.py FOLDER
"""
import json
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

accumulator = EventAccumulator(sys.argv[1], size_guidance={"tensors": 0, "scalars": 0})
accumulator.Reload()
scalars = {tag: accumulator.Scalars(tag) for tag in accumulator.Tags()["scalars"]}
print(json.dumps({tag: [[event.step, event.wall_time, event.value] for event in events] for tag, events in scalars.items()}))
