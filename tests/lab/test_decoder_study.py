"""The race as a study: what it is given of a run."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from lab.limits import BadInput
from lab.session import Session
from lab.studies import catalogue
from lab.studies.decoders import DECODER_RACE


def test_it_learns_from_training_inputs_and_is_measured_on_validation(bundle, monkeypatch):
    given: dict[str, Any] = {}

    def race(system: Any, train: torch.Tensor, held_out: torch.Tensor, shown: int):
        given.update(train=train, held_out=held_out)
        yield "race"

    monkeypatch.setattr("satipatthana.diagnostics.decoder_race.decoder_race", race)
    subject: Any = SimpleNamespace(system=None, bundle=bundle)
    assert list(DECODER_RACE.run(subject, None)) == ["race"]
    assert given["train"] is bundle.train.x
    validation = bundle.validation
    assert len(given["held_out"]) == len(validation)
    first = [int(validation.y[(validation.x == x).flatten(1).all(dim=1)][0]) for x in given["held_out"][:4]]
    assert len(set(first)) == 4, "every class among the first"


def test_it_is_in_the_catalogue_and_has_no_dials(session: Session):
    assert catalogue.find("decoder-race") is DECODER_RACE
    assert session.study("decoder-race").state == "none"
    with pytest.raises(BadInput, match="no setting"):
        session.start_study("decoder-race", steps=3)
