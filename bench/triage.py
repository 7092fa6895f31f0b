"""Comments of patients: how well failures are told, beside VADER and the keyword list, how fast.

The comments lie beside this project (`../shared/corpora/triage`). Cross-validation trains anew
with every fifth of the respondents kept back (`make bench` installs what training takes) and
scores those in plain Python, as the daemon does.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from bench.figures import Figure
from bench.measure import child, peak_mb, tell
from bench.sizes import Sizes

CORPUS: Final = (
    Path(__file__).parents[1].parent / "shared" / "corpora" / "triage" / "patient_comments.csv"
)
AREA, RECALL, THEMES, SPEED = 0.945, 0.80, 0.70, 1.2
MAX_KB, LOAD_MS, MEMORY_MB = 500, 50, 30
ROUNDS: Final = 5
_Found = dict[str, Any]


def run(sizes: Sizes) -> list[Figure]:
    """Cross-validate in one process, measure speed in another and loading in a third."""
    if not CORPUS.is_file():
        told = "no comments beside this project"
        return [Figure(name="triage", ours="not measured", beside=told, ratio="", target="")]
    figures = _load(child("bench.triage", "load"))
    if (
        importlib.util.find_spec("sklearn") is None
        or importlib.util.find_spec("vaderSentiment") is None
    ):
        told = "scikit-learn and vaderSentiment are not installed (uv pip install --group train)"
        return [
            *figures,
            Figure(name="triage", ours="not measured", beside=told, ratio="", target=""),
        ]
    figures += _speed(child("bench.triage", "speed", str(sizes.mail_rounds)))
    return [*figures, *_quality(child("bench.triage", "quality"))]


def _load(found: _Found) -> list[Figure]:
    return [
        Figure(
            name="comment model: file",
            ours=f"{found['kb']:.0f} KB",
            beside="",
            ratio="",
            target=f"under {MAX_KB} KB",
            met=found["kb"] < MAX_KB,
        ),
        Figure(
            name="comment model: load, processor time",
            ours=f"{found['ms']:.0f} ms",
            beside="",
            ratio="",
            target=f"under {LOAD_MS} ms",
            met=found["ms"] < LOAD_MS,
        ),
        Figure(
            name="comment model: memory",
            ours=f"{found['mb']:.1f} MB",
            beside="",
            ratio="",
            target=f"under {MEMORY_MB} MB",
            met=found["mb"] < MEMORY_MB,
        ),
    ]


def _speed(found: _Found) -> list[Figure]:
    model, whole = found["ours"] / found["vader"], found["decisions"] / found["vader"]
    beside = f"VADER without {found['vader']:,.0f}"
    return [
        Figure(
            name="comments a second: probability with explanation",
            ours=f"{found['ours']:,.0f}",
            beside=beside,
            ratio=f"{model:.2f}",
            target=f"{SPEED} times",
            met=model >= SPEED,
        ),
        Figure(  # lists, safety, kinds, probability, topics, severity and all reasons
            name="comments a second: whole decision with all its reasons",
            ours=f"{found['decisions']:,.0f}",
            beside=beside,
            ratio=f"{whole:.2f}",
            target="",
        ),
    ]


def _quality(found: _Found) -> list[Figure]:
    ours, vader, words = found["ours"], found["vader"], found["keywords"]
    return [
        Figure(
            name=f"area under precision and recall, {found['count']:,} NHS comments, 5 folds",
            ours=f"{ours['area']:.3f} (without questions {found['unasked']:.3f})",
            beside=f"VADER {vader['area']:.3f}, keywords {words['area']:.3f}",
            ratio=f"{ours['area'] / vader['area']:.2f}",
            target=f"{AREA}",
            met=ours["area"] >= AREA,
        ),
        Figure(
            name="recall at 90 % precision",
            ours=f"{ours['recall']:.3f}",
            beside=f"VADER {vader['recall']:.3f}, keywords {words['recall']:.3f}",
            ratio="",
            target=f"{RECALL}",
            met=ours["recall"] >= RECALL,
        ),
        Figure(
            name="themes, micro F1",
            ours=f"{found['themes']:.3f}",
            beside=f"keywords {found['keyword_themes']:.3f}",
            ratio=f"{found['themes'] / found['keyword_themes']:.2f}",
            target=f"{THEMES}",
            met=found["themes"] >= THEMES,
        ),
        *(
            Figure(
                name=f"area on {source}, none of it in training",
                ours=f"{areas['ours']:.3f}",
                beside=f"VADER {areas['vader']:.3f}",
                ratio=f"{areas['ours'] / areas['vader']:.2f}",
                target="",
            )
            for source, areas in found["left_out"].items()
        ),
    ]


def load() -> None:
    """Measure reading the model in a fresh process."""
    import connector.triage.assess  # noqa: F401 - all but the model itself
    from connector.triage.model import weights
    from connector.triage.model.scorer import scorer

    before = peak_mb()
    began = time.process_time()
    scorer()
    took = time.process_time() - began
    scorer().score("The receptionist was rude and nobody called me back", "Why?")
    size = Path(weights.__file__).with_name("comments.model").stat().st_size
    tell(ms=took * 1000, mb=peak_mb() - before, kb=size / 1000)


def speed(rounds: int) -> None:
    """Take turns, so that all see the same machine; the best round of each counts."""
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    from connector.cli.comments_file import rows_of
    from connector.cli.triage_cmd import judge
    from connector.triage.model.scorer import scorer
    from connector.triage.settings import TriageSettings

    rows = list(rows_of(CORPUS))[::5]
    vader, ours, settings = SentimentIntensityAnalyzer(), scorer(), TriageSettings()
    tasks: dict[str, Callable[[Any], object]] = {
        "vader": lambda row: vader.polarity_scores(row.text),
        "ours": lambda row: ours.score(row.text, row.question),
        "decisions": lambda row: judge(row, settings),
    }
    best = dict.fromkeys(tasks, float("inf"))
    for _ in range(max(ROUNDS, rounds)):
        for name, task in tasks.items():
            began = time.process_time()
            for row in rows:
                task(row)
            best[name] = min(best[name], time.process_time() - began)
    tell(**{name: len(rows) / took for name, took in best.items()})


def quality() -> None:
    """Cross-validate, leave each source out, and ask the peers about the same comments."""
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    from connector.triage.comments import points
    from connector.triage.lexicon import lexicon
    from connector.triage.model.scorer import Scorer
    from connector.triage.reading import read
    from connector.triage.settings import TriageSettings
    from tools.comments import corpus, fit
    from tools.comments.figures import average_precision, recall_at, topic_f1

    feeling = corpus.feeling()
    public = corpus.comments(CORPUS)
    own = [*corpus.Invented().make(corpus.INVENTED), *corpus.written()]
    rows = fit.read([*public, *own], feeling)
    judged = fit.cross_validate(rows, feeling)
    nhs = [
        one
        for one in judged
        if one.row.comment.failure is not None and one.row.comment.source.startswith("nhs")
    ]
    target = [int(bool(one.row.comment.failure)) for one in nhs]
    analyzer, words = SentimentIntensityAnalyzer(), lexicon(TriageSettings())

    def vader(text: str) -> float:
        return -float(analyzer.polarity_scores(text)["compound"])

    def both(scores: Sequence[float]) -> _Found:
        return {"area": average_precision(target, scores), "recall": recall_at(target, scores)}

    left_out = {}
    for source in ("nhs_p1", "nhs_p2", "gp_fft"):
        model = Scorer(
            fit.fit([r for r in rows if r.comment.source != source], feeling, topics=False)
        )
        kept = [r for r in rows if r.comment.source == source and r.comment.failure is not None]
        truth = [int(bool(r.comment.failure)) for r in kept]
        raw = [model.weighed(r.names, r.figures, r.comment.question) for r in kept]
        left_out[source] = {
            "ours": average_precision(truth, raw),
            "vader": average_precision(truth, [vader(r.comment.text) for r in kept]),
        }
    tell(
        count=len(nhs),
        ours=both([one.raw for one in nhs]),
        unasked=average_precision(target, [one.unasked for one in nhs]),
        vader=both([vader(one.row.comment.text) for one in nhs]),
        keywords=both([points(read("", one.row.comment.text, words)) for one in nhs]),
        themes=topic_f1(judged),
        keyword_themes=_keyword_themes(public, words),
        left_out=left_out,
    )


def _keyword_themes(public: Sequence[Any], words: Any) -> float:
    """Give the micro F1 of the phrase lists alone."""
    from connector.triage.reading import read
    from tools.comments.corpus import THEMES

    right = guessed = present = 0
    for comment in public:
        if comment.source != "nhs_p2":
            continue
        found = read("", comment.text, words)
        named = {*found.section("complaint"), *found.section("topic")} & set(THEMES.values())
        gold = {THEMES[theme] for theme in comment.topics} - {""}
        right += len(named & gold)
        guessed += len(named)
        present += len(comment.topics)
    return 2 * right / max(guessed + present, 1)


if __name__ == "__main__":
    import sys

    match sys.argv[1:]:
        case ["load"]:
            load()
        case ["speed", rounds]:
            speed(int(rounds))
        case _:
            quality()
