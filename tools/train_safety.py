"""Makes `connector/triage/safety/safety.model` from phrases of ours and public comments.

    make safety ARGS="--data ../shared/corpora/triage/patient_comments.csv"

The phrases are ours; public comments only show what is ordinary, and no word enters the model that
does not stand in a phrase of ours. Prints what five-fold cross-validation
finds (whole templates, whole respondents kept aside) and sets both thresholds by it. The same
phrases, lists, data and library versions give the same bytes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from connector.triage.safety.weights import to_text  # noqa: E402 - found beside this file
from tools.comments import corpus as public  # noqa: E402
from tools.safety import fit  # noqa: E402
from tools.safety.corpus import (  # noqa: E402
    GROUPS,
    ORDINARY,
    Maker,
    checksum,
    fold_of,
    written,
)

TARGET = ROOT / "connector" / "triage" / "safety" / "safety.model"
DATA = ROOT.parent / "shared" / "corpora" / "triage" / "patient_comments.csv"
INVENTED = 3_000
WEIGHT = 0.5
"""Of an invented comment."""
WEIGHT_WRITTEN = 3.0
"""Of an ordinary comment that was written as people write."""


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=DATA, help="the public comments (CSV)")
    parser.add_argument("--out", type=Path, default=TARGET, help="where the model goes")
    chosen = parser.parse_args()
    comments = public.comments(chosen.data)
    read = fit.Passages()
    texts = _texts(read, comments)
    ours = [*read.phrases(Maker().make()), *_american(read)]
    ordinary = [*texts["kind"], *texts["complaint"], *texts["ordinary"]]
    ours += fit.flat(ordinary)
    plain = fit.flat([*texts["fine"], *fit.harmless(ours, texts["fine"], texts["failed"])])
    rows = [*ours, *plain]
    figures = fit.validate(rows, texts)
    weights = fit.finished(fit.fit(rows), figures, described(chosen.data, len(ours)))
    text = to_text(weights)
    chosen.out.write_text(text, encoding="utf-8")
    print(figures)
    print(f"{chosen.out}: {len(text.encode()):,} bytes")


def _texts(
    read: fit.Passages, comments: Sequence[public.Comment]
) -> dict[str, list[list[fit.Read]]]:
    """Read the texts that the thresholds are found by, of each sort; fine ones also teach."""
    own = public.written_harmless()
    texts = {
        "fine": read.comments(_folded(one for one in comments if one.failure is False)),
        "failed": read.comments(_folded(one for one in comments if one.failure)),
        "kind": read.comments(
            _folded(one for one in own if not one.failure), weight=WEIGHT_WRITTEN, own=True
        ),
        "complaint": read.comments(
            _folded(one for one in own if one.failure), weight=WEIGHT_WRITTEN, own=True
        ),
    }
    for group in (*GROUPS, ORDINARY):
        remarks = [(one.text, one.fold) for one in written() if one.group == group]
        texts[group] = read.comments(remarks, weight=WEIGHT_WRITTEN, own=True, group=group)
    return texts


def _folded(comments: Iterable[public.Comment]) -> list[tuple[str, int]]:
    return [(one.text, one.fold) for one in comments]


def described(data: Path, phrases: int) -> dict[str, object]:
    """Say what a model is made of."""
    return {
        "phrases_sha256": checksum(),
        "written_sha256": public.checksum(public.WRITTEN),
        "phrases": phrases,
        "public": "free-text answers of NHS patients, MIT (NHS England; J. du Plessis)",
        "public_sha256": public.checksum(data),
        "made_with": {name: version(name) for name in ("scikit-learn", "numpy", "scipy")},
    }


def _american(read: fit.Passages) -> list[fit.Read]:
    """Give what is ordinary in American practices."""
    texts = dict.fromkeys(one.text for one in public.Invented().make(INVENTED))
    found = read.comments([(text, fold_of(text)) for text in texts], weight=WEIGHT, own=True)
    return [row for text in found for row in text]


if __name__ == "__main__":
    main()
