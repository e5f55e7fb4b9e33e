"""`python -m lab exhibit N`: runs one exhibit without a page."""

import argparse
import json
import os
import sys

from lab import runs
from lab.exhibits.catalogue import card_of, experiment_of
from lab.limits import BadInput, number
from lab.settings import SEEDS
from lab.training import UsageError


def exhibit(options: argparse.Namespace) -> int:
    """Runs broken and fixed, and prints the measure of both; with ``--json`` as one object on the last line."""
    try:
        card = card_of(options.number)
        seed = number(options.seed, *SEEDS, "--seed", integer=True)
    except BadInput as error:
        raise UsageError(str(error)) from error
    import torch

    from lab.exhibits.experiment import run_pair

    torch.set_num_threads(options.threads or int(os.environ.get("OMP_NUM_THREADS", "2")))
    experiment = experiment_of(card)
    print(f"{card.number}. {card.title}", flush=True)
    pair = None
    for piece in run_pair(card, experiment, runs.bundle_of(experiment.data, options.data_dir), seed):
        pair = piece.found or pair
        if sys.stderr.isatty():
            print(f"\r{piece.done} of {piece.total} ", end="", file=sys.stderr, flush=True)
    assert pair is not None
    broken, fixed = pair.courses["broken"].value, pair.courses["fixed"].value
    assert broken is not None and fixed is not None
    measure = card.measure
    print(f"{measure.name}, {measure.better} is better: broken {broken:.4g}, fixed {fixed:.4g} ({pair.seconds:.1f} s)")
    print(f"{card.prediction.because} {card.story.lesson}")
    if options.json:
        print(
            json.dumps(
                {
                    "exhibit": card.number,
                    "seed": seed,
                    "metric": measure.name,
                    "better": measure.better,
                    "broken": broken,
                    "fixed": fixed,
                    "seconds": round(pair.seconds, 2),
                }
            )
        )
    return 0
