"""The experiment about drawing: checkerboards (9)."""

from lab.exhibits.experiment import Experiment

EXPERIMENTS: dict[int, Experiment] = {}
