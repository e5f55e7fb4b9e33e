"""Every word has its gloss and its help, in one place."""

import pytest

from lab.views import glossary


def test_every_word_has_a_gloss_and_about_three_sentences():
    for key, word in glossary.WORDS.items():
        assert word.name and word.gloss, key
        sentences = [part for part in word.help.replace(" .0", " 0").split(". ") if part]
        assert 2 <= len(sentences) <= 4, (key, word.help)
        assert word.help.endswith("."), key


def test_titles_carry_the_gloss():
    assert glossary.titled("vitakka") == "Vitakka · first guess"
    assert "one step of thought" in glossary.titled_html("vicara")
    assert "data-tip=" in glossary.titled_html("vicara")
    assert glossary.names(["adapter", "vitakka"]) == "Adapter, Vitakka (first guess)"
    assert glossary.names([]) == ""


def test_unknown_words_are_refused():
    with pytest.raises(KeyError, match="vitakka"):
        glossary.word("vitaka")


def test_the_help_lists_all_words():
    html = glossary.help_html()
    assert html.count("<dt>") == len(glossary.WORDS)


def test_stages_are_called_as_the_curriculum_calls_them():
    from satipatthana.train.stages import STAGES

    assert [(word.name, word.gloss) for word in glossary.STAGES] == [(stage.title, stage.gloss) for stage in STAGES]
