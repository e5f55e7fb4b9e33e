"""The thought on the axis between two probes, as the page is told."""

import json

import numpy as np
import pytest

from lab.limits import BadInput
from lab.session import Session
from lab.views.arrays import unpack


def test_a_thought_between_two_probes(session: Session):
    shown = session.thought_now(sample=0, noise=0.5, mode="both", skip=0.5)
    patch = json.loads(json.dumps(session.axis_patch(1, 3)))
    assert (patch["kind"], patch["id"], patch["from"], patch["to"]) == ("axis", shown.id, 1, 3)
    assert set(patch["minds"]) == {"sober", "drunk"}
    probes = unpack(patch["context"]["axis"]["probes"])
    apart = np.linalg.norm(shown.context.probes[3] - shown.context.probes[1])
    assert probes[1, 0] == pytest.approx(0, abs=1e-5) and probes[3, 0] == pytest.approx(apart, rel=1e-4)
    unit = (shown.context.probes[3] - shown.context.probes[1]) / apart
    along = (shown.thoughts["sober"].states[:, 0] - shown.context.probes[1]) @ unit
    assert unpack(patch["minds"]["sober"]["map"]["axis"])[:, 0] == pytest.approx(along, abs=1e-4)
    told = patch["honesty"]["axis"]
    assert set(told) >= {"uncounted", "trustworthiness", "continuity", "explained", "n"} and "displacement" not in told
    assert told["explained"] == pytest.approx(sum(patch["context"]["explained"]))
    # the whole message stays within what a figure may cost
    assert len(json.dumps(patch)) < 300_000


def test_what_is_no_axis_is_refused(session: Session):
    with pytest.raises(BadInput, match="no thought yet"):
        session.axis_patch(0, 1)
    session.thought_now(sample=0)
    for first, second in ((0, 99), (None, 1), (0.5, 1)):
        with pytest.raises(BadInput, match="Probe is"):
            session.axis_patch(first, second)
    with pytest.raises(ValueError, match="no axis"):
        session.axis_patch(2, 2)
