"""What cross-validation found, as figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from sklearn.metrics import average_precision_score, precision_recall_curve

from connector.triage.model.scorer import permille_of
from connector.triage.model.settings import REVIEW_PERMILLE, TICKET_PERMILLE
from connector.triage.model.weights import WEIGHT_SCALE, Weights
from tools.comments.corpus import THEMES
from tools.comments.fit import Judged

WANTED_PRECISION: Final = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Of comments of respondents whom the model never saw."""

    nhs_pr_auc: float
    nhs_recall_at_90: float
    """Best recall at a precision of at least nine in ten."""
    nhs_pr_auc_unasked: float
    """As if no question were known."""
    gp_pr_auc: float
    """Ratings of London practices: weak labels, one in thirteen a failure."""
    written_pr_auc: float
    """Comments written for amends, full of traps; half of them failures."""
    written_ticket_precision: float
    written_ticket_recall: float
    topic_f1: float
    ticket_precision: float
    """NHS comments from the model's threshold for tickets on."""
    ticket_recall: float
    review_recall: float
    """From the threshold for a second look on."""
    review_share: float
    """Of fine comments, so many reach at least a second look."""

    def plain(self) -> dict[str, float]:
        """Give the figures with three digits."""
        return {name: round(value, 3) for name, value in asdict(self).items()}

    def table(self) -> str:
        """Give a line for each figure."""
        return "\n".join(f"{name:20} {value:.3f}" for name, value in self.plain().items())


def figures_of(judged: Sequence[Judged], weights: Weights) -> Figures:
    """Work out the figures."""
    labelled = [one for one in judged if one.row.comment.failure is not None]
    nhs = [one for one in labelled if one.row.comment.source.startswith("nhs")]
    practices = [one for one in labelled if one.row.comment.source == "gp_fft"]
    written = [one for one in labelled if one.row.comment.source == "written"]
    told = np.array([bool(one.row.comment.failure) for one in written], dtype=int)
    sent = np.array([_permille(one, weights) for one in written]) >= TICKET_PERMILLE
    target = np.array([bool(one.row.comment.failure) for one in nhs], dtype=int)
    raw = np.array([one.raw for one in nhs])
    permille = np.array([_permille(one, weights) for one in nhs])
    ticket = permille >= TICKET_PERMILLE
    review = permille >= REVIEW_PERMILLE
    return Figures(
        nhs_pr_auc=average_precision(target, raw),
        nhs_recall_at_90=recall_at(target, raw),
        nhs_pr_auc_unasked=average_precision(target, [one.unasked for one in nhs]),
        gp_pr_auc=average_precision(
            [int(bool(one.row.comment.failure)) for one in practices],
            [one.raw for one in practices],
        ),
        written_pr_auc=average_precision(told, [one.raw for one in written]),
        written_ticket_precision=float(told[sent].mean()),
        written_ticket_recall=float(told[sent].sum() / told.sum()),
        topic_f1=topic_f1(judged),
        ticket_precision=float(target[ticket].mean()),
        ticket_recall=float(target[ticket].sum() / target.sum()),
        review_recall=float(target[review].sum() / target.sum()),
        review_share=float((review & (target == 0)).sum() / (target == 0).sum()),
    )


def average_precision(target: Any, scores: Any) -> float:
    """Give the area under the curve of precision over recall; 0 without both kinds."""
    return float(average_precision_score(target, scores)) if 0 < sum(target) < len(target) else 0.0


def recall_at(target: Any, scores: Any, precision: float = WANTED_PRECISION) -> float:
    """Give the best recall at a precision that is at least so high."""
    precisions, recalls, _ = precision_recall_curve(target, scores)
    return float(recalls[precisions >= precision].max())


def topic_f1(judged: Sequence[Judged]) -> float:
    """Give the micro F1 of the themes, on comments of the source that has them."""
    told = [one for one in judged if one.row.comment.source == "nhs_p2"]
    right = sum(len(one.topics & one.row.comment.topics) for one in told)
    guessed = sum(len(one.topics & THEMES.keys()) for one in told)
    present = sum(len(one.row.comment.topics) for one in told)
    return 2 * right / max(guessed + present, 1)


def _permille(one: Judged, weights: Weights) -> int:
    way = weights.ways[one.row.way]
    return permille_of((way.slope * one.raw + way.offset) / WEIGHT_SCALE)
