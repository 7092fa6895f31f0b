"""Training: the same phrases give the same bytes, and no word of a public comment enters."""

from __future__ import annotations

import pytest

pytest.importorskip("sklearn", reason="only `make safety` installs what training takes")

from connector.triage.safety.weights import to_text
from tools.comments import corpus as public
from tools.safety import fit
from tools.safety.corpus import GROUPS, ORDINARY, Maker, Phrase, templates, written

GRAVE = ("I want to die", "I will end my life", "she wants to die tonight", "he will end his life")
PLAIN = ("I want to pay", "the visit will end at nine", "she wants tea", "his visit was fine")


def phrases():
    return [
        Phrase(text=f"{text} {number}", group=group, fold=number % 5)
        for number in range(6)
        for group, texts in (("self_harm", GRAVE), ("legal", ("I will sue",)), (ORDINARY, PLAIN))
        for text in texts
    ]


@pytest.fixture(scope="module")
def read():
    return fit.Passages()


def test_the_same_phrases_give_the_same_bytes(read, monkeypatch):
    monkeypatch.setattr(fit, "GROUPS", ("self_harm", "legal"))
    rows = read.phrases(phrases())
    again = read.phrases(phrases())
    assert to_text(fit.fit(rows)) == to_text(fit.fit(again))


def test_no_word_of_a_public_comment_enters_the_model(read, monkeypatch):
    monkeypatch.setattr(fit, "GROUPS", ("self_harm", "legal"))
    public = fit.flat(read.comments([("Natasha was so kind to me", 0)] * 9))
    weights = fit.fit([*read.phrases(phrases()), *public])
    assert not [name for name in (*weights.features, *weights.alarms) if "natas" in name]


def test_what_is_made_of_the_phrases_is_always_the_same_and_of_every_group():
    made = Maker().make()
    assert [one.text for one in made] == [one.text for one in Maker().make()]
    assert {one.group for one in made} == {*GROUPS, ORDINARY}
    assert not [one.text for one in made if "{" in one.text]


def test_no_group_is_much_smaller_than_the_others():
    counts = [len(templates(group)) for group in GROUPS]
    assert min(counts) * 2 > max(counts)


def test_whole_remarks_are_of_every_group_and_stand_as_they_were_said():
    remarks = written()
    assert {one.group for one in remarks} == {*GROUPS, ORDINARY}
    made = {one.text for one in Maker().make()}
    assert all(one.text in made for one in remarks)


def test_written_comments_with_a_danger_or_a_wrong_teach_nothing_ordinary():
    harmless = {one.text for one in public.written_harmless()}
    assert "She read my HIV status out loud at the checkout counter." not in harmless
    assert "He had one hand on the doorknob the entire visit." in harmless


def test_thresholds_are_found_on_texts_that_were_kept_aside(read, monkeypatch):
    monkeypatch.setattr(fit, "GROUPS", ("self_harm", "legal"))
    rows = read.phrases(phrases())
    plain = read.comments([(text, fold) for fold in range(5) for text in PLAIN])
    sorts = dict.fromkeys(("fine", "kind", "ordinary", "complaint"), plain)
    figures = fit.validate(rows, sorts)
    assert figures.notice <= figures.threshold
    assert max(figures.grave.values()) <= 100
