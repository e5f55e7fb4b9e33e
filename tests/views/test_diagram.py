"""The schematic: every part named, its state shown, nothing invented."""

import xml.etree.ElementTree as ET

import pytest

from lab.views.diagram import STATES, diagram, diagram_html
from lab.views.glossary import PARTS

FACTS = {
    "adapter": {"parameters": 108432, "shape": "B×64", "state": "learns"},
    "vipassana": {"parameters": 14659, "shape": "B×32", "state": "stale"},
}


def svg(html: str) -> ET.Element:
    return ET.fromstring(html[html.index("<svg") : html.index("</svg>") + 6])


def test_parts_stand_in_the_order_of_flow_with_their_facts():
    info = diagram(FACTS, 1)
    assert [part.key for part in info.parts] == list(PARTS)
    by_key = {part.key: part for part in info.parts}
    assert by_key["adapter"].state == "learns"
    assert by_key["vicara"].state == "untrained"
    assert by_key["sati"].state == "nothing"
    assert "108,432 parameters" in by_key["adapter"].tip
    assert "B×64" in by_key["adapter"].tip
    assert "judging one's own thought" in by_key["vipassana"].tip
    assert "Stage 1; trains: Adapter" in info.text


def test_the_drawing_is_well_formed_and_every_part_can_be_reached_by_key():
    root = svg(diagram_html(diagram(FACTS, 1)))
    parts = [node for node in root.iter() if node.get("data-part")]
    assert {node.get("data-part") for node in parts} == set(PARTS)
    assert all(node.get("tabindex") == "0" and node.get("data-tip") for node in parts)
    states = {node.get("data-part"): node.get("class") for node in parts}
    assert states["adapter"] == "part learns"
    assert states["vipassana"] == "part stale"


def test_idle_is_not_shown_as_learning():
    idle, now = (diagram_html(diagram(FACTS, 1, now=training)) for training in (False, True))
    assert "What does stage 1 train?" in idle and "learns in stage 1" in idle and "learns now" not in idle.lower()
    assert "What learns now?" in now and "learns now" in now
    assert "learning now: Adapter" in diagram(FACTS, 1, now=True).text


def test_boxes_do_not_overlap():
    root = svg(diagram_html(diagram({})))
    boxes = []
    for node in root.iter():
        if node.get("data-part"):
            rect = node[0]
            x, y, width, height = (float(rect.get(name)) for name in ("x", "y", "width", "height"))
            boxes.append((x, y, x + width, y + height))
    for index, a in enumerate(boxes):
        for b in boxes[index + 1 :]:
            assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


def test_without_facts_everything_is_drawn_and_nothing_claimed():
    info = diagram({})
    assert {part.parameters for part in info.parts} == {None}
    html = diagram_html(info)
    assert "No stage is chosen" in html
    assert html.count("<li ") == len(PARTS)


def test_injection_is_drawn_only_where_there_is_one():
    assert "z again, at every step" in diagram_html(diagram({}, injected=True))
    assert "z again, at every step" not in diagram_html(diagram({}, injected=False))


def test_unknown_parts_and_states_are_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="vitakka"):
        diagram({"encoder": {}})
    with pytest.raises(ValueError, match="frozen"):
        diagram({"adapter": {"state": "melted"}})
    assert set(STATES) == {"learns", "frozen", "stale", "untrained", "nothing"}


def test_parts_are_those_of_the_network():
    from satipatthana.core.system import SatipatthanaSystem

    assert set(SatipatthanaSystem().components()) == set(PARTS) - {"augmenter", "sati", "santana"}
