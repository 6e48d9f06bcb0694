"""Who is better: two versions on the same documents, which none of them was trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ml_server.engines.extractor import ExtractorConfig
from ml_server.engines.extractors import ExtractorFactory
from ml_server.training.evaluate import Advance, evaluate_gold
from ml_server.training.forms import Form

SER, RE, PAIRS = "SER F1", "RE F1", "pairs F1"


def measure(forms: Sequence[Form], config: ExtractorConfig, extractor: str, advance: Advance) -> dict[str, float]:
    """F1 of entities, of links and of pairs, from the annotations' own words; only those the documents have.

    Args:
        forms: not empty.
        config: names the model.
        extractor: its kind, as in the settings.
        advance: sees every document three times.

    Raises:
        EngineUnavailable: the model is not here or cannot be loaded.
        InvalidRequest: an extractor that cannot be measured so.
    """
    report = evaluate_gold(forms, ExtractorFactory.create(extractor, config), "korean+english", advance)
    found = {SER: report.ser.micro.f1}
    if report.re_gold.support:
        found[RE] = report.re_gold.f1
    if report.pairs.support:
        found[PAIRS] = report.pairs.f1
    return {name: round(value, 4) for name, value in found.items()}


def score(metrics: Mapping[str, float]) -> float:
    """The one number that versions are compared by: the mean F1 of entities and, where there are any, of pairs."""
    counted = [metrics[name] for name in (SER, PAIRS) if name in metrics]
    return round(sum(counted) / len(counted), 4) if counted else 0.0


def loses(metrics: Mapping[str, float], against: Mapping[str, float]) -> bool:
    """Whether a version is worse than another; both on the same documents. Equal is not worse."""
    return score(metrics) < score(against)


def compared(version: str, metrics: Mapping[str, float], other: str, others: Mapping[str, float]) -> str:
    """Both versions' figures in a line, for people."""
    return f"{version}: {_figures(metrics)}; {other}, which serves: {_figures(others)}"


def _figures(metrics: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.3f}" for name, value in metrics.items()) or "not measured"
