"""Makes `connector/triage/model/comments.model` from the public data and our own.

    make model ARGS="--data ../shared/corpora/triage/patient_comments.csv"

Prints what five-fold cross-validation finds (folds never part a respondent's answers), calibrates
on it, and writes the model. The same data, word lists and library versions give the same bytes;
the checksums of all of them stand in the model's first line and in docs/model-card.md.
"""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from connector.triage.lexicon import lexicon  # noqa: E402 - found beside this file
from connector.triage.model.weights import Weights, to_text  # noqa: E402
from connector.triage.settings import TriageSettings  # noqa: E402
from tools.comments import corpus, fit  # noqa: E402
from tools.comments.figures import Figures, figures_of  # noqa: E402

TARGET = ROOT / "connector" / "triage" / "model" / "comments.model"
DATA = ROOT.parent / "shared" / "corpora" / "triage" / "patient_comments.csv"


def train(
    public: Sequence[corpus.Comment], invented: int, about: dict[str, object]
) -> tuple[Weights, Figures]:
    """Fit, cross-validate and calibrate."""
    feeling = corpus.feeling()
    own = [*corpus.Invented().make(invented), *corpus.written()]
    rows = fit.read([*public, *own], feeling)
    judged = fit.cross_validate(rows, feeling, told=lambda text: print(text, file=sys.stderr))
    weights = fit.calibrated(fit.fit(rows, feeling), judged)
    figures = figures_of(judged, weights)
    about = {**about, "figures": figures.plain()}
    return fit.described(weights, about), figures


def about(data: Path, rows: int) -> dict[str, object]:
    """Say what a model is made of."""
    return {
        "data": "free-text answers of NHS patients, MIT (NHS England; J. du Plessis)",
        "data_sha256": corpus.checksum(data),
        "data_rows": rows,
        "invented": corpus.INVENTED,
        "invented_sha256": corpus.checksum(corpus.HERE / "us_sentences.toml"),
        "written_sha256": corpus.checksum(corpus.WRITTEN),
        "feeling": "VADER lexicon, MIT (C.J. Hutto); words of care written for amends",
        "care_feeling_sha256": corpus.checksum(corpus.HERE / "care_feeling.toml"),
        "word_lists": lexicon(TriageSettings()).version,
        "made_with": {
            "python": platform.python_version(),
            **{
                name: version(name) for name in ("scikit-learn", "numpy", "scipy", "vaderSentiment")
            },
        },
    }


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=DATA, help="the public comments (CSV)")
    parser.add_argument("--out", type=Path, default=TARGET, help="where the model goes")
    chosen = parser.parse_args()
    public = corpus.comments(chosen.data)
    weights, figures = train(public, corpus.INVENTED, about(chosen.data, len(public)))
    text = to_text(weights)
    chosen.out.write_text(text, encoding="utf-8")
    print(figures.table())
    print(f"{chosen.out}: {len(text.encode()):,} bytes, {len(weights.features):,} features")


if __name__ == "__main__":
    main()
