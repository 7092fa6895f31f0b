"""Training: the same data give the same bytes, and the plain scorer what scikit-learn computes."""

import pytest

pytest.importorskip("sklearn", reason="only `make model` installs what training takes")

from connector.triage.model.scorer import Scorer
from connector.triage.model.weights import to_text
from tools.comments import corpus, fit

FEELING = {"rude": -2.0, "great": 3.1, "wonderful": 2.7, "terrible": -2.1, "helpful": 1.8}
COUNT = 300


@pytest.fixture(scope="module")
def rows():
    return fit.read(corpus.Invented().make(COUNT), FEELING)


def test_the_same_comments_give_the_same_bytes(rows):
    again = fit.read(corpus.Invented().make(COUNT), FEELING)
    assert to_text(fit.fit(rows, FEELING)) == to_text(fit.fit(again, FEELING))


def test_the_plain_scorer_gives_what_was_fitted(rows):
    usable = [row for row in rows if row.comment.failure is not None]
    names = sorted({name for row in rows for name in row.names})
    fitted = fit._Failures(usable, names)
    weights = fit.fit(rows, FEELING, topics=False)
    model = Scorer(weights)
    known = fit._Failures(usable, sorted(weights.features))
    assert fitted.words.shape[0] >= known.words.shape[0]
    places = {name: place for place, name in enumerate(sorted(weights.features))}
    for row in usable[:50]:
        held = [places[name] for name in row.names if name in places]
        way = known.ways()[row.way]
        theirs = sum(known.words[held]) / max(len(held), 1) ** 0.5
        theirs += (
            sum(a * b for a, b in zip(way.figures, row.figures, strict=True)) + way.bias
        ) / 1e5
        assert model.weighed(row.names, row.figures, "") == pytest.approx(theirs, abs=0.01)


def test_names_of_people_stay_out():
    texts = ["Thanks to Natasha for her help", "I asked Natasha", "We saw Natasha again"]
    comments = [
        corpus.Comment(text=text, question="", failure=False, source="nhs_p1", fold=0)
        for text in texts
    ]
    found = {name for row in fit.read(comments, FEELING) for name in row.names}
    assert "thanks" in found
    assert not [name for name in found if "natas" in name]


def test_respondents_stay_within_one_fold():
    assert corpus.fold_of("nhs_p2NEAS 1") == corpus.fold_of("nhs_p2NEAS 1")
    assert {corpus.fold_of(str(number)) for number in range(50)} == set(range(corpus.FOLDS))
