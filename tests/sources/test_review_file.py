"""Public reviews: what Google lists, a Takeout, and the CSV of any other site."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from connector.domain.practice import Practice
from connector.domain.response import Responses
from connector.domain.signal import Channel, Signal
from connector.sources.review_file import ReviewFileSettings, original_of
from connector.testing.source import SourceContract, drain
from connector.triage.assess import assess
from connector.triage.settings import TriageSettings

PRACTICE = Practice(tenant="practice", name="Clinic", zone=ZoneInfo("America/Denver"))


def review(number, **more):
    return {
        "name": f"accounts/11/locations/22/reviews/AbFv{number}",
        "reviewId": f"AbFv{number}",
        "reviewer": {"profilePhotoUrl": "https://lh3.example/p", "displayName": f"Jane {number}"},
        "starRating": "ONE",
        "comment": "Waited two hours, then the front desk was rude.",
        "createTime": "2026-02-27T16:12:05.123456Z",
        "updateTime": "2026-02-27T16:12:05.123456Z",
        **more,
    }


def page(*reviews):
    listed = {"reviews": list(reviews), "averageRating": 3.9, "totalReviewCount": len(reviews)}
    return json.dumps(listed, indent=2)


def open_source(path, **more):
    settings = ReviewFileSettings(name="google", path=path, settle_seconds=0, guess=True, **more)
    return settings.open(PRACTICE)


class TakeoutWorld:
    """Each review comes in a file of its own, in folders as a Takeout makes them."""

    def __init__(self, folder):
        self.folder = folder
        self.count = 0

    def open(self):
        return open_source(self.folder)

    def _put(self, text):
        self.count += 1
        path = self.folder / f"account-1/location-{self.count}/reviews.json"
        path.parent.mkdir(parents=True)
        path.write_text(text)
        os.utime(path, (1_772_000_000 + self.count,) * 2)

    def put_good(self, number):
        self._put(page(review(number)))

    def put_broken(self, number):
        self._put(json.dumps({"reviews": [], "of": number}))

    def fingerprint(self):
        return tuple(
            (path.as_posix(), path.stat().st_mtime_ns) for path in sorted(self.folder.rglob("*"))
        )


class TestTakeout(SourceContract):
    @pytest.fixture
    def world(self, tmp_path):
        return TakeoutWorld(tmp_path)


def only(path, **more):
    (signal,) = drain(open_source(path, **more))[0]
    assert isinstance(signal, Signal)
    return signal


@pytest.fixture
def export(tmp_path):
    return tmp_path / "reviews.json"


def lane(signal):
    return assess(signal, TriageSettings()).lane.value


def test_a_review_of_google_becomes_a_signal(export):
    export.write_text(page(review(1)))
    signal = only(export)
    assert signal.channel is Channel.REVIEW
    assert signal.natural_key == "id:AbFv1"
    assert signal.event_time is not None
    assert signal.event_time.replace(microsecond=0) == datetime(2026, 2, 27, 16, 12, 5, tzinfo=UTC)
    assert signal.contact.name == "Jane 1"
    assert signal.contact.anonymous
    assert signal.reply_text == "Waited two hours, then the front desk was rude."
    assert signal.facts["score_kind"] == "stars5"
    assert (signal.facts["score_min"], signal.facts["score_max"]) == (1, 5)
    assert "answered" not in signal.facts
    assert lane(signal) == "ticket"


def test_a_rating_without_a_word_is_heard(export):
    export.write_text(page({key: v for key, v in review(1).items() if key != "comment"}))
    assert only(export).text == ""
    assert lane(only(export)) == "ticket"


def test_five_stars_are_counted(export):
    export.write_text(page(review(1, starRating="FIVE", comment="Great, thank you")))
    assert lane(only(export)) == "count"


def test_a_review_without_its_own_id_is_known_by_its_name(export):
    export.write_text(page({key: v for key, v in review(1).items() if key != "reviewId"}))
    assert only(export).natural_key == "id:AbFv1"


def test_a_review_that_the_practice_answered_is_not_urgent_again(export):
    reply = {"comment": "Thank you.", "updateTime": "2026-02-28T09:00:00Z"}
    export.write_text(page(review(1, reviewReply=reply)))
    assert only(export).facts["answered"] is True
    assert lane(only(export)) == "count"


def test_one_that_was_changed_after_the_answer_is_judged(export):
    reply = {"comment": "Thank you.", "updateTime": "2026-02-28T09:00:00Z"}
    export.write_text(page(review(1, reviewReply=reply, updateTime="2026-03-01T10:00:00Z")))
    assert "answered" not in only(export).facts
    assert lane(only(export)) == "ticket"


def test_words_of_danger_count_also_in_an_answered_review(export):
    reply = {"comment": "Thank you.", "updateTime": "2026-02-28T09:00:00Z"}
    export.write_text(page(review(1, comment="I want to kill myself", reviewReply=reply)))
    assert lane(only(export)) == "ticket"


def rows(path, **more):
    (batch,) = open_source(path, **more).read(None)
    assert isinstance(batch.items, Responses)
    return batch.items.entries


def test_the_time_of_change_says_whether_a_review_was_edited(export):
    export.write_text(page(review(1)))
    (first,) = rows(export)
    export.write_text(page(review(1, comment="(Translated by Google) Waited", reviewReply={})))
    (translated,) = rows(export)
    export.write_text(page(review(1, updateTime="2026-03-01T10:00:00Z")))
    (edited,) = rows(export)
    assert translated.content == first.content
    assert edited.content != first.content
    assert edited.stamp > first.stamp


def test_the_csv_of_another_site_is_mapped(tmp_path):
    path = tmp_path / "healthgrades.csv"
    path.write_text(
        "Review ID,Date,Stars,Review,Reviewer,Provider,Provider Response,Response Date\n"
        "h1,02/27/2026,1,Nobody called me back,J. R.,Dr. Poe,,\n"
        "h2,02/20/2026,2,Too long a wait,K. S.,Dr. Poe,Thank you for writing.,02/21/2026\n"
    )
    mapping = {
        "Review ID": "id",
        "Date": "submitted_at",
        "Stars": "score",
        "Review": "comment",
        "Reviewer": "name",
        "Provider": "provider",
    }
    settings = ReviewFileSettings(
        name="healthgrades", path=path, map=mapping, score_kind="stars5", settle_seconds=0
    )
    first, second = drain(settings.open(PRACTICE))[0]
    assert first.channel is Channel.REVIEW
    assert first.facts["provider"] == "Dr. Poe"
    assert "answered" not in first.facts
    assert second.facts["answered"] is True


@pytest.mark.parametrize(
    "text",
    [
        "Fueron groseros",
        "(Translated by Google) They were rude\n\n(Original)\nFueron groseros",
        "Fueron groseros\n\n(Translated by Google)\nThey were rude",
    ],
)
def test_a_translation_that_comes_or_goes_is_no_edit_without_a_time_of_change_either(
    tmp_path, text
):
    assert original_of(text) == "Fueron groseros"
    path = tmp_path / "reviews.csv"
    heard = []
    for words in ("Fueron groseros", text):
        path.write_text(f'Stars,Review\n1,"{words}"\n')
        settings = ReviewFileSettings(
            name="r", path=path, map={"Stars": "score", "Review": "comment"},
            score_kind="stars5", settle_seconds=0,
        )  # fmt: skip
        (batch,) = settings.open(PRACTICE).read(None)
        (row,) = batch.items.entries
        heard.append((row.key, row.content))
    assert heard[0] == heard[1]


def test_what_a_product_writes_about_translations_is_nobodys_words(tmp_path):
    path = tmp_path / "reviews.csv"
    path.write_text('Stars,Review\n5,"Excelente\n\n(Translated by Google)\nExcellent"\n')
    settings = ReviewFileSettings(
        name="r", path=path, map={"Stars": "score", "Review": "comment"},
        score_kind="stars5", settle_seconds=0,
    )  # fmt: skip
    (batch,) = settings.open(PRACTICE).read(None)
    (row,) = batch.items.entries
    assert "Google" not in batch.items.make(row).text + batch.items.make(row).reply_text
