"""Experiments about doubt: what trust reads (5, 8), what it is shown (7, 11), what leaks (14)."""

from lab.exhibits.experiment import Experiment

EXPERIMENTS: dict[int, Experiment] = {}
