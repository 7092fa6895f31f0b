"""Several answers of one response: each is weighed with its own question."""

from triage.builders import answer

from connector.domain.assessment import Lane
from connector.triage.assess import assess
from connector.triage.model.settings import CommentSettings, Thresholds
from connector.triage.settings import TriageSettings

USUAL = TriageSettings()


def response(*answers):
    """Make a response of pairs of role and words."""
    return answer(
        "\n\n".join(words for _, words in answers),
        comment_asks=tuple(role for role, _ in answers),
        comment_chars=tuple(str(len(words)) for _, words in answers),
    )


def test_a_word_of_praise_in_one_answer_hides_no_wish_in_the_other():
    found = assess(response(("good", "Wonderful staff"), ("improve", "Waiting times")), USUAL)
    assert found.lane is Lane.TICKET
    assert "visit.wait" in found.categories


def test_what_was_good_is_praise():
    assert assess(response(("good", "Communication")), USUAL).lane is not Lane.TICKET
    assert (
        assess(response(("improve", "Nothing"), ("good", "Everything")), USUAL).lane is Lane.COUNT
    )


def test_lengths_of_another_text_are_not_believed():
    odd = answer("Waited two hours, rude staff", comment_asks=("good",), comment_chars=("3",))
    assert assess(odd, USUAL).lane is Lane.TICKET


def test_a_source_has_its_own_thresholds():
    strict = CommentSettings(sources={"source": Thresholds(ticket_permille=1_001)})
    found = assess(answer("Rude staff, never again"), TriageSettings(comments=strict))
    assert found.lane is Lane.REVIEW


def test_without_the_model_the_lists_judge():
    found = assess(
        answer("Rude staff, nobody called me back"),
        TriageSettings(comments=CommentSettings(model=False)),
    )
    assert found.lane is Lane.TICKET
    assert found.score_permille is None
    assert "comments-" not in found.model


def test_every_decision_has_the_words_behind_it_and_the_version():
    found = assess(answer("The receptionist was rude"), USUAL)
    told = next(one.evidence for one in found.reasons if one.rule == "model.failure")
    assert "rude" in told or "people.courtesy" in told
    assert "comments-" in found.model
    assert 0 < (found.score_permille or 0) <= 1_000


def test_another_language_is_looked_at_by_a_person():
    found = assess(answer("Bardzo niemi\u0142a pani w recepcji"), USUAL)
    assert found.lane is Lane.REVIEW
    assert found.score_permille is None


def test_praise_that_tells_of_a_wait_is_not_counted():
    found = assess(answer("Great, another two hours in the waiting room. Just wonderful."), USUAL)
    assert found.lane is not Lane.COUNT
