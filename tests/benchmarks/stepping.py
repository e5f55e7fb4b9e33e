"""A process that trains and writes down when each step ended: FILE gets lines "stage step seconds threads".

python -m tests.benchmarks.stepping FILE bare                 the bare generator, stage 0 shortly, then stage 1 for good
python -m tests.benchmarks.stepping FILE lab --no-browser ... the lab, with these options

Seconds are of the clock that all processes of a machine share, so the two can be compared. PyTorch is imported inside
the functions: the lab's own workers import this module again, and need none of it.
"""

import sys
import time
from pathlib import Path

WARM_STEPS = 20
FOR_GOOD = 1_000_000


def keep_times(file: Path) -> None:
    """From now on every step of every trainer leaves a line in ``file``."""
    import torch

    from satipatthana import SatipatthanaTrainer, StepRecord, TrainingStage

    out = file.open("a", buffering=1)
    take = SatipatthanaTrainer._step

    def timed(self: SatipatthanaTrainer, stage: TrainingStage) -> StepRecord:
        record = take(self, stage)
        out.write(f"{record.stage} {record.step} {time.monotonic()} {torch.get_num_threads()}\n")
        return record

    SatipatthanaTrainer._step = timed  # type: ignore[method-assign]


def train_bare() -> None:
    """Only the generator: nobody looks, nothing is measured on the way."""
    from satipatthana import SatipatthanaSystem, SatipatthanaTrainer, TrainingStage, load_dataset
    from satipatthana.configs import RunConfig

    trainer = SatipatthanaTrainer(SatipatthanaSystem(RunConfig()), load_dataset("digits").train)
    trainer.train_stage(TrainingStage.ADAPTER_PRETRAINING, n_steps=WARM_STEPS)
    for _ in trainer.steps(TrainingStage.SAMATHA_TRAINING, FOR_GOOD):
        pass


def main() -> int:
    file, kind, *options = sys.argv[1:]
    keep_times(Path(file))
    if kind == "bare":
        train_bare()
        return 0
    from lab.cli import main as lab

    return lab(options)


if __name__ == "__main__":
    sys.exit(main())
