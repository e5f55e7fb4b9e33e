"""One row a path, AUROC and gap together, the families never trained on marked; the chosen one's ROC and samples."""

import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from lab.views.doubt import interval_html, path_title, path_variable, picture_html, short
from lab.views.left_out import MISSING, left_out_html
from lab.views.trust import NEW, DetailInfo, PathRow, TableInfo, detail_html, table_html
from tests.views.doubt import interval, picture, separated

COUNTS = np.array([0, 5, 0, 15])


def table(*rows: PathRow, measure: str = "trust") -> TableInfo:
    return TableInfo(measure, rows, 0.0, 1.0, "void_letters", 20, 3)


def clean() -> PathRow:
    return PathRow("clean", False, COUNTS[::-1], separated(None))


def test_paths_in_words_and_colours():
    assert path_title("augmented_0.3") == "noise σ 0.3"
    assert path_title("void_patch-shuffle") == "void: patch-shuffle"
    assert path_title("mismatch_same_class") == "another's thought, same class"
    assert path_variable("void_letters") == "var(--path-void)" and path_variable("drunk") == "var(--path-drunk)"


def test_auroc_never_stands_without_the_gap():
    html = table_html(table(clean(), PathRow("void_letters", True, COUNTS, separated(0.9))))
    row = html[html.index('data-act="path:void_letters"') :]
    assert "0.900" in row and ".890–.910" in row and "0.550" in row and "0.125" in row
    assert row.index("0.900") < row.index("0.550") and NEW in row
    assert html.count(NEW) == 1, "only what was never trained on is marked"
    assert html.count('data-chosen="true"') == 1 and 'aria-pressed="true"' in row
    assert "n = 20 · seed 3" in html
    assert "clean is the positive" in html.lower()


def test_histograms_are_in_proportion_and_clean_is_the_outline():
    html = table_html(table(clean(), PathRow("drunk", False, COUNTS, separated())))
    drunk = html[html.index('data-act="path:drunk"') :]
    heights = [float(value) for value in re.findall(r'<rect [^>]*height="([\d.]+)"', drunk)]
    assert heights[0] / heights[1] == pytest.approx(5 / 15, abs=0.01)
    assert "trust-clean" in drunk and html.count('class="trust-clean"') == 1


def test_what_is_not_there_yet_waits_and_what_is_no_number_says_so():
    html = table_html(table(clean(), PathRow("drunk", False, None, None)), note="2 of 18")
    assert "waiting" in html and 'data-act="path:drunk"' not in html and "2 of 18" in html
    lost = table_html(table(clean(), PathRow("drunk", False, None, separated(None))))
    assert "not a number" in lost and "–" in lost
    assert "Press Score" in table_html(None)
    assert "No step" not in interval_html(None) and "–" in interval_html(None)


def test_one_path_has_its_curve_and_its_samples():
    curve = (np.array([0, 0, 0.5, 1]), np.array([0, 0.5, 1, 1]))
    info = DetailInfo(
        "void_letters",
        "trust",
        {"trust": curve, "max_softmax": curve},
        interval(0.875),
        interval(0.45),
        (picture("void_letters:4"),),
        (picture("void_letters:9"),),
        20,
        3,
    )
    html = detail_html(info)
    assert 'd="M0 200L0 100L100 0L200 0"' in html and html.count("<path class=") == 3
    assert "0.875" in html and 'cx="90.0" cy="10.0"' in html, "the dot is at 95 % TPR"
    assert 'data-act="sample:void_letters:4"' in html and 'data-act="sample:void_letters:9"' in html
    none = detail_html(DetailInfo("clean", "trust", {}, None, None, (), (), 0, 3))
    assert "choose another row" in none and "No sample takes this path" in none
    assert "Nothing has been scored" in detail_html(None)


def test_a_sample_says_what_it_is_and_what_was_answered():
    html = picture_html(picture(other=True, trust=0.125, max_softmax=0.75))
    assert html.count("<img") == 2 and 'data-mark="wrong"' in html and "0.125" in html
    assert "largest class probability: 0.750" in html
    assert picture_html(picture("", "1", "1")).startswith("<span") and 'data-mark="right"' in picture_html(
        picture("", "1", "1")
    )
    nothing = picture_html(picture(label=None))
    assert 'data-mark=""' in nothing and "None" not in nothing, "a void has no right answer"


def test_names_cannot_become_markup():
    html = picture_html(picture('"><b>', "<i>", "<u>"))
    assert "<i>" not in html and "<u>" not in html and "<b>" in html  # the answer's own


def test_a_family_left_out_stands_beside_the_headline():
    class Left:
        family, headline, again, without = "constant", separated(0.95), separated(0.98), separated(0.9)

    html = left_out_html((Left(),), "6 of 6", seed=1)
    assert "constant" in html and "0.950" in html and "0.980" in html and "0.900" in html and "hollow" in html
    assert 'cx="90.0"' in html and 'class="hollow" cx="80.0"' in html, "the axis begins at .5"
    assert "6 of 6" in html and "seed 1" in html
    assert MISSING in left_out_html(None, "") and "step 10" in left_out_html(None, "step 10")


def test_numbers_of_any_size_are_short():
    assert [short(value) for value in (-0.0557, 2.186, 0.5, 0.0)] == ["−.056", "2.2", ".50", "0"]
    perfect: Any = SimpleNamespace(value=1.0, low=0.99, high=1.0)
    assert "<b>1.000</b> <span>.990–1</span>" in interval_html(perfect)
    assert "<b>−.056</b> <span>−.066…−.046</span>" in interval_html(interval(-0.056), short)
    assert "data-wide" in table_html(table(clean(), measure="reconstruction"))
    assert "data-wide" not in table_html(table(clean(), measure="max_softmax"))
