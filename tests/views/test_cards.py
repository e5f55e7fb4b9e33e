"""Stage cards: how far, in what state, and what that means."""

import pytest

from lab.views.cards import orders, stage_card_html, stage_cards

FRESH = [{"learns": ("adapter",), "parameters": 10, "done": 0, "planned": 100}] * 4


def states(*names: str, chosen: int | None = None):
    return stage_cards([{**facts, "state": name} for facts, name in zip(FRESH, names, strict=True)], chosen)


def test_a_fresh_run_warns_of_nothing():
    assert all(card.notes == () for card in stage_cards(FRESH))
    assert all(card.notes == () for card in stage_cards([{}] * 4))


def test_reaching_for_a_stage_before_its_time_says_what_it_means():
    cards = states("done", "untrained", "untrained", "untrained", chosen=2)
    assert "Stage 1 is untrained" in cards[2].notes[0]
    assert "judge" in cards[2].notes[0]
    assert cards[3].notes == ()


def test_having_trained_stage_2_before_stage_1_is_said_as_long_as_it_is_so():
    assert states("done", "untrained", "done", "untrained")[2].notes
    assert not states("done", "done", "done", "untrained")[2].notes


def test_stale_stages_say_so():
    card = states("done", "done", "stale", "done")[2]
    assert "trained again since" in card.notes[0]
    assert 'data-state="stale"' in stage_card_html(card)


def test_a_card_shows_its_facts():
    facts = [*FRESH]
    facts[1] = {
        "learns": ("vitakka", "vicara"),
        "parameters": 14659,
        "done": 430,
        "planned": 630,
        "state": "training",
        "last_loss": 0.48211,
    }
    html = stage_card_html(stage_cards(facts, 1)[1])
    for text in ("Samatha training", "learn to settle", "Vitakka (first guess)", "14,659", "430 of 630", "0.482"):
        assert text in html
    assert 'aria-valuenow="68"' in html
    assert 'data-act="stage-1"' in html


def test_progress_stops_at_the_plan_and_copes_without_one():
    over = stage_cards([{"done": 150, "planned": 100, "state": "done"}, {"done": 3}, {}, {}])
    assert over[0].share == 1.0
    assert "past the plan" in stage_card_html(over[0])
    assert over[1].share == 0.0


def test_a_plan_that_is_done_says_what_goes_on():
    facts = [{"done": 126, "planned": 126, "state": "done"}, {"done": 6, "planned": 630, "state": "begun"}, {}, {}]
    done, begun = (stage_card_html(card) for card in stage_cards(facts)[:2])
    assert "all 126 steps · +50 goes on" in done
    assert "6 of 630 steps" in begun and ">begun<" in begun and ">training<" not in begun


def test_train_may_be_pressed_where_something_is_left():
    plan = {"planned": 10}
    cards = stage_cards(
        [
            {**plan, "done": 10, "state": "done"},
            {**plan, "done": 10, "state": "stale"},
            {**plan, "done": 4, "state": "begun"},
            {**plan, "done": 12, "state": "done"},
        ]
    )
    idle = orders(cards, training=False)
    assert idle.rest == (("Train", False), ("Train again", True), ("Train", True), ("Train", False))
    assert idle.everything and idle.more
    busy = orders(cards, training=True)
    assert not any(ready for _, ready in busy.rest) and not busy.everything and not busy.more
    finished = stage_cards([{**plan, "done": 10, "state": "done"}] * 4)
    assert not orders(finished, training=False).everything


def test_wrong_facts_are_refused():
    with pytest.raises(ValueError, match="curriculum has 4"):
        stage_cards([{}] * 3)
    with pytest.raises(ValueError, match="untrained"):
        stage_cards([{"state": "asleep"}, {}, {}, {}])
