"""The experiment about drawing: checkerboards (9)."""

from lab.exhibits.experiment import SMALL, Experiment, Variant
from satipatthana.data import DataBundle
from satipatthana.diagnostics.checkerboard import relative, spectrum
from satipatthana.diagnostics.observing import observing
from satipatthana.train.trainer import SatipatthanaTrainer

N = 250
"""Validation inputs looked at."""


def grid_power(trainer: SatipatthanaTrainer, bundle: DataBundle) -> float:
    """Share of the pictures' power at period 2 px over the share that the real inputs have there: 1 is like real."""
    x = bundle.validation.x[:N]
    system = trainer.system
    with observing(system):
        drawn = system.reconstruct(system.samatha.adapter(x))
    return relative(spectrum(drawn), spectrum(x)).nyquist


EXPERIMENTS = {
    9: Experiment(
        measure=grid_power,
        plan=((0, 100),),
        broken=Variant({"recon.upsampling": "transpose3"}),
        base=SMALL,
    ),
}
