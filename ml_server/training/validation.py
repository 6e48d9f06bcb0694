"""A quick look at a model while it trains: SER F1 and RE F1 with gold entities, on held-out pages as they are.

``ml-server evaluate kie`` measures the same and more; this one takes seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seqeval.metrics import f1_score
from tokenizers import Tokenizer

from ml_server.engines.layoutlm.inference import LabelledWords, Predictor
from ml_server.engines.layoutlm.model import KeyValueModel
from ml_server.engines.layoutlm.tagging import decode, tags_of
from ml_server.engines.layoutlm.words import PageWords
from ml_server.training.examples import LabelledPage


@dataclass(frozen=True, slots=True)
class Scores:
    """Attributes: 0..1; entities by exact word spans, links of questions to answers between gold entities."""

    ser_f1: float
    re_f1: float
    header_f1: float


def validate(model: KeyValueModel, tokenizer: Tokenizer, pages: Sequence[LabelledPage]) -> Scores:
    """Judge a model; zeros where there are no pages."""
    if not pages:
        return Scores(0.0, 0.0, 0.0)
    predictor = Predictor(model, tokenizer, str(next(model.parameters()).device))
    words = predictor.label([truth.page for truth in pages])
    guessed = [_tags(truth.page, labelled, predictor.labels) for truth, labelled in zip(pages, words, strict=True)]
    right = [tags_of(len(truth.page.texts), truth.entities) for truth in pages]
    counts = {"ANSWER": [0, 0, 0], "QUESTION": [0, 0, 0]}
    for truth, labelled in zip(pages, words, strict=True):
        gold = {(head, tail) for tail, heads in enumerate(truth.heads) for head in heads}
        found = {(link.head, link.tail) for link in predictor.link(truth.page, labelled, truth.entities)}
        for kind, count in counts.items():
            ours = {pair for pair in found if truth.entities[pair[1]][0] == kind}
            theirs = {pair for pair in gold if truth.entities[pair[1]][0] == kind}
            count[0] += len(ours & theirs)
            count[1] += len(ours)
            count[2] += len(theirs)
    f1 = {kind: 2 * hit / max(1, made + real) for kind, (hit, made, real) in counts.items()}
    return Scores(float(f1_score(right, guessed)), f1["ANSWER"], f1["QUESTION"])


def _tags(page: PageWords, labelled: LabelledWords, labels: Sequence[str]) -> list[str]:
    """Of the entities that would be served."""
    best, sure = labelled.probabilities.argmax(1), labelled.probabilities.max(1)
    found = decode([labels[i] for i in best], sure, page.boxes, page.aspect)
    return tags_of(len(page.texts), [(span.label, span.words) for span in found])
