"""Makes `connector/triage/safety/safety.model` from phrases of ours and public comments.

    make safety ARGS="--data ../shared/corpora/triage/patient_comments.csv"

The phrases are ours; public comments only show what is ordinary, and no word enters the model that
does not stand in a phrase of ours. Prints what is found in a fifth that
was kept aside (whole templates, whole respondents). The same phrases,
lists, data and library versions give the same bytes.
"""

from __future__ import annotations

import argparse
import sys
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from connector.triage.safety.weights import to_text  # noqa: E402 - found beside this file
from tools.comments import corpus as public  # noqa: E402
from tools.safety import fit  # noqa: E402
from tools.safety.corpus import Maker, checksum, fold_of  # noqa: E402

TARGET = ROOT / "connector" / "triage" / "safety" / "safety.model"
DATA = ROOT.parent / "shared" / "corpora" / "triage" / "patient_comments.csv"
INVENTED = 3_000
WEIGHT = 0.5
"""Of an invented comment."""


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=DATA, help="the public comments (CSV)")
    parser.add_argument("--out", type=Path, default=TARGET, help="where the model goes")
    chosen = parser.parse_args()
    comments = public.comments(chosen.data)
    read = fit.Passages()
    ours = [*read.phrases(Maker().make()), *_american(read)]
    fine = read.comments([(one.text, one.fold) for one in comments if one.failure is False])
    failed = read.comments([(one.text, one.fold) for one in comments if one.failure])
    plain = fit.flat([*fine, *fit.harmless(ours, fine, failed)])
    threshold, figures = fit.validate(ours, fine, failed, plain)
    about = described(chosen.data, len(ours))
    weights = fit.finished(fit.fit([*ours, *plain]), threshold, about)
    text = to_text(weights)
    chosen.out.write_text(text, encoding="utf-8")
    print(figures)
    print(f"{chosen.out}: {len(text.encode()):,} bytes, threshold {threshold}")


def described(data: Path, phrases: int) -> dict[str, object]:
    """Say what a model is made of."""
    return {
        "phrases_sha256": checksum(),
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
