"""The shipped patients: there, small, and openable; what each has is checked nowhere, so that no test gives it away."""

import json

import pytest

from lab import runs
from lab.exhibits.catalogue import CARDS
from lab.exhibits.patients import folders

LARGEST = 1_500_000
"""Bytes of one, all files together."""


def test_there_is_a_ward():
    found = folders()
    assert found, "no patients: run assets/make_patients.py"
    assert list(found) == list(range(1, len(found) + 1))  # so that a link names each by its bed


@pytest.mark.parametrize("number", folders())
def test_a_patient_opens_and_can_learn_on(number: int):
    folder = folders()[number]
    assert sum(path.stat().st_size for path in folder.iterdir()) <= LARGEST
    origin = json.loads((folder / "origin.json").read_text("utf-8"))
    assert origin["patient"] == number and set(origin) <= {"patient", "exhibit", "variant"}
    assert "exhibit" not in origin or (origin["exhibit"] in CARDS and origin["variant"] == "broken")
    run = runs.open_run(folder, f"patient-{number}")
    assert {record.stage for record in run.trainer.history} == {0, 1, 2, 3}  # every tab has something to show
    assert run.metrics
    run.trainer.train_stage(0, n_steps=1)
