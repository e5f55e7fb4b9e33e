"""The decoders side by side, on the run's own thoughts."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lab.looks import gallery
from lab.studies.study import Study, Subject

if TYPE_CHECKING:
    from satipatthana.diagnostics.decoder_race import Race
    from satipatthana.diagnostics.progress import Progress

HELD_OUT = 200
SHOWN = 4


def run(subject: Subject, settings: None) -> "Iterator[Progress[Race]]":
    """Learns from the training inputs, is measured on validation inputs, every class among the first."""
    from satipatthana.diagnostics.decoder_race import decoder_race

    bundle = subject.bundle
    rows = list(gallery(bundle, HELD_OUT, "validation").samples)
    yield from decoder_race(subject.system, bundle.train.x, bundle.validation.x[rows], shown=SHOWN)


DECODER_RACE = Study("decoder-race", run)
