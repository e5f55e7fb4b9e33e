"""The doctor's panel: the verdict first, every finding with its mark, its remedy and the way to where it is seen."""

import re
from typing import get_args

import pytest

from lab.views.doctor import EARLIER, EMPTY, PLACES, STATES, DoctorInfo, doctor_html
from satipatthana.diagnostics.doctor import Examination
from satipatthana.diagnostics.findings import ORDER, Finding, State, Table
from satipatthana.diagnostics.triage import RULES, Figure, Sign, Triage, Verdict
from tests.diagnostics.test_doctor import KEYS


def triage(**values: float) -> Triage:
    """All signs absent, but those given a value."""
    sick = [name for name in get_args(Verdict) if name != "healthy"]
    return Triage(tuple(Sign(name, (Figure("a figure", values.get(name, 1.0), 0.5),)) for name in sick), 250)


def html_of(found: Examination | None, **more) -> str:
    return doctor_html(DoctorInfo(found, **more))


def finding(state: State = "pass", key="z", **more) -> Finding:
    return Finding(key, "Does z differ?", state, "It spreads by <0.6>.", **more)


def test_every_check_and_every_verdict_has_its_place_and_every_state_its_mark():
    assert {*KEYS, *RULES, "finite"} == set(PLACES)
    assert set(STATES) == set(ORDER)


def test_nothing_yet_says_what_to_press():
    html = html_of(None)
    assert EMPTY.replace("“", "") in html.replace("“", "")
    assert "<ul" not in html and "corner" not in html


def test_the_healthy_verdict_and_a_list_of_one():
    html = html_of(Examination(triage(), (finding(),), 250, 3))
    assert "<h4>Healthy</h4>" in html
    assert 'data-state="pass" data-check="z"' in html
    assert "It spreads by &lt;0.6&gt;." in html
    assert "n = 250 · seed 3" in html
    assert 'data-page="view:Decoders"' in html
    assert "doctor-remedy" not in html
    assert "1 passes" in html and 'aria-label="fails"' not in html


@pytest.mark.parametrize("verdict", [name for name in RULES if name != "healthy"])
def test_a_sickness_comes_with_its_rule_its_remedy_and_its_figures(verdict):
    html = html_of(Examination(triage(**{verdict: 0.25}), (), 250, 0))
    assert f"<h4>{verdict[0].upper()}{verdict[1:]}</h4>" in html
    assert RULES[verdict].remedy.replace("'", "&#x27;") in html
    assert f'data-page="view:{PLACES[verdict][1]}"' in html
    assert len(re.findall("<tr data-sick>", html)) == 1
    assert "· the verdict" in html and "below 0.500" in html


def test_sicknesses_beside_the_verdict_are_named():
    html = html_of(Examination(triage(**{"gate shut": 0.0, "all ends equal": 0.0}), (), 250, 0))
    assert "Gate shut · the verdict" in html and "All ends equal · also there" in html


def test_a_finding_has_its_remedy_and_its_table():
    table = Table(("stage 0", "stage 1"), (("adapter", (107040.0, None)), ("vicara", (0.5, float("nan")))))
    html = html_of(Examination(triage(), (finding("fail", remedy="Train it & wait.", table=table),), 250, 0))
    assert "Train it &amp; wait." in html
    for cell in ("107,040", "–", "0.500"):
        assert f'<td class="value">{cell}</td>' in html
    assert 'aria-label="fails"' in html


def test_it_grows_waits_fails_and_grows_old():
    some = Examination(triage(), (finding(),), 250, 0)
    assert "Waiting for its turn" in html_of(None, busy=True)
    growing = html_of(some, busy=True, done=2, total=8, text="the scores")
    assert "2 of 8 pieces done: the scores" in growing and "Does z differ?" in growing
    assert "No &lt;data&gt;." in html_of(None, failed=True, text="No <data>.")
    assert EARLIER in html_of(some, earlier=True)


def test_weights_that_are_not_finite_have_no_verdict():
    html = html_of(Examination(None, (finding("fail", key="finite"),), 0, 0))
    assert "doctor-verdict" not in html and 'data-check="finite"' in html


def test_a_whole_list_is_small():
    findings = tuple(finding("warn", key=key, remedy="x" * 200) for key in KEYS)
    assert len(html_of(Examination(triage(), findings, 250, 0))) < 30_000
