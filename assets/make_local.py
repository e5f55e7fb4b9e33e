"""Adds to the shipped run `local` what thinking is worth to it, also against a network trained to take one step.

    python -m lab train --preset local --seed 0 --out LOCAL --set curriculum.n_keyframes=4
    python -m lab train --preset local --seed 0 --out RIVAL --stages 0-1 --set curriculum.n_keyframes=0 \\
        --set samatha.sati.n_steps=1 --set curriculum.stage1.n_steps=4000
    python assets/make_local.py LOCAL RIVAL

The rival has the same parts, so as many parameters, and its steps of training are chosen so that stage 1 takes both
as long. Readouts are fitted on the training split, figures are of the test split: nothing is chosen by them.
"""

import argparse
import json
from pathlib import Path

from satipatthana import load, load_dataset
from satipatthana.diagnostics.budget import Budget, budget

RIVAL = "a network trained for T = 1, as long"


def measure(local: Path, rival: Path) -> Budget:
    """What thinking is worth to the run in the first folder."""
    system, other = load(local), load(rival)
    found = None
    for piece in budget(system, load_dataset("digits"), seed=system.config.seed, rivals={RIVAL: other}):
        print(f"{piece.done} of {piece.total}: {piece.text}", flush=True)
        found = piece.found
    assert found is not None  # the last piece holds the whole
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("local", type=Path)
    parser.add_argument("rival", type=Path)
    options = parser.parse_args()
    file = options.local / "metrics.json"
    metrics, others = (json.loads((folder / file.name).read_text()) for folder in (options.local, options.rival))
    print(f"stage 1 took {metrics['seconds']['stage1']:.0f} s and {others['seconds']['stage1']:.0f} s")
    metrics["budget"] = measure(options.local, options.rival).to_json()
    file.write_text(json.dumps(metrics, indent=2) + "\n")


if __name__ == "__main__":
    main()
