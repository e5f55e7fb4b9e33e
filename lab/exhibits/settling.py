"""Experiments about settling: stability from the log (1), forgetting (12), fake convergence (13),
the neighbour (15)."""

from lab.exhibits.experiment import Experiment

EXPERIMENTS: dict[int, Experiment] = {}
