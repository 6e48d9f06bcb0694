"""What 30 corrected documents of a new layout teach the model that is shipped: F1 on others of it, before and after.

The layout is made here and like nothing the model was trained on: a consignment note on which every value stands
*above* its label, in three columns, labels in small capitals without colons, section titles between. Training is the
same recipe that a training job runs (split by content, train, judge on what is held out, keep, promote), in a store of
its own. With ``--also DIR`` annotated documents of other layouts are measured too: what is forgotten for it.

    python -m benchmarks.retraining
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

from faker import Faker
from PIL import ImageFont

SECTIONS: Mapping[str, tuple[str, ...]] = {
    "Consignment": ("OUR REF", "SHIPPED", "LOADING PLACE", "MODE", "INCOTERM", "SEAL NO"),
    "Parties": ("CONSIGNOR", "CONSIGNEE", "NOTIFY", "ACCOUNT", "DESK", "TELEPHONE"),
    "Goods": ("ARTICLE", "PACKAGES", "GROSS KG", "NET KG", "VOLUME CBM", "VALUE EUR"),
    "Carrier": ("HAULIER", "DRIVER", "PLATE", "SLOT", "GATE", "COLLECTED"),
}
NOTES = ("Goods travel at the risk of the consignee.", "Copy 2 of 4", "Retain for customs inspection")
WIDTH, HEIGHT = 1000, 1414
_LARGE, _SMALL = 19, 11


def main() -> None:
    """Make the documents, measure, train, measure again; a table and, with --json, one JSON object."""
    options = _options()
    os.environ["BENTOML_DO_NOT_TRACK"] = "True"
    with tempfile.TemporaryDirectory() as folder:
        os.environ["BENTOML_HOME"] = folder  # before bentoml is imported: a store of our own
        print(json.dumps(measure(options, Path(folder)), indent=2))


def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """All of it, in this process."""
    from ml_server.models.recipe import Recipe, fine_tune
    from ml_server.settings import Settings
    from ml_server.training.forms import read_forms

    corrected = write(folder / "corrected", options.documents, options.seed)
    unseen = {"others of the layout": read_forms(write(folder / "others", options.others, options.seed + 1))}
    if options.also is not None:
        unseen["other layouts"] = read_forms(options.also)[: options.others]
    settings = Settings(key_value_model="", train_epochs=options.epochs)
    before = {name: _f1(forms, "", options.threads) for name, forms in unseen.items()}
    print(json.dumps({"before": before}), flush=True)
    began = time.perf_counter()
    recipe = Recipe((corrected,), folder / "work", "consignment notes", epochs=options.epochs, threads=options.threads)
    told = [-1]

    def tell(step: str, done: int, total: int, line: str) -> None:
        share = 10 * done // total if total else -1
        if share != told[0]:
            told[0] = share
            print(f"{time.perf_counter() - began:6.1f} s  {step} {done}/{total}  {line}", flush=True)

    made = fine_tune(recipe, settings, tell, print)
    seconds = time.perf_counter() - began
    print(made.message, flush=True)
    after = {name: _f1(forms, made.version.reference, options.threads) for name, forms in unseen.items()}
    rise = {name: {key: round(after[name][key] - before[name][key], 4) for key in before[name]} for name in unseen}
    return {
        "benchmark": "retraining",
        "date": f"{date.today()}",
        "corrected": options.documents,
        "trained_on": made.version.facts.documents,
        "held_out": made.version.facts.held_out_documents,
        "others": options.others,
        "promoted": made.promoted,
        "seconds": round(seconds, 1),
        "before": before,
        "after": after,
        "rise": rise,
    }


def write(folder: Path, count: int, seed: int) -> Path:
    """Consignment notes as a line of ``jsonl`` each."""
    folder.mkdir(parents=True)
    fake = Faker("en_GB")
    fake.seed_instance(seed)
    lines = [json.dumps({"name": f"note-{seed}-{n}"} | note(fake, Random(f"{seed}/{n}"))) for n in range(count)]
    (folder / "notes.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def note(fake: Faker, rng: Random) -> dict[str, Any]:
    """One document: sections with a header; in each of their cells the value, and below it its label."""
    entities: list[dict[str, Any]] = []

    def put(label: str, text: str, left: float, top: float, size: int) -> int:
        font, words, x = ImageFont.load_default(size), [], left
        for word in text.split():
            width = font.getlength(word)
            words.append({"text": word, "box": [x, top, x + width, top + size]})
            x += width + font.getlength(" ")
        entities.append({"id": len(entities), "text": text, "label": label, "words": words, "linking": []})
        return len(entities) - 1

    shift, top = rng.uniform(-15, 15), 120.0 + rng.uniform(-20, 20)
    put("other", fake.company(), 640 + shift, 40, _LARGE)
    for title, fields in SECTIONS.items():
        header = put("header", title, 60 + shift, top, 15)
        top += 36
        for index, field in enumerate(fields):
            left, cell = 60 + shift + 300 * (index % 3), top + 76 * (index // 3)
            answer = None if rng.random() < 0.12 else put("answer", _value(field, fake, rng), left, cell, _LARGE)
            question = put("question", field, left, cell + 28, _SMALL)
            entities[header]["linking"].append([header, question])
            if answer is not None:
                entities[question]["linking"].append([question, answer])
        top += 76 * 2 + 30
    for line in rng.sample(NOTES, 2):
        put("other", line, 60 + shift, top + 20, 12)
        top += 24
    return {"width": WIDTH, "height": HEIGHT, "form": entities}


def _value(field: str, fake: Faker, rng: Random) -> str:
    match field:
        case "CONSIGNOR" | "CONSIGNEE" | "NOTIFY" | "HAULIER":
            return str(fake.company())
        case "DRIVER" | "DESK":
            return str(fake.name())
        case "SHIPPED" | "COLLECTED":
            return str(fake.date("%d %b %Y"))
        case "LOADING PLACE" | "GATE":
            return str(fake.city())
        case "TELEPHONE":
            return str(fake.phone_number())
        case "ARTICLE":
            return " ".join(fake.words(rng.randint(1, 3))).capitalize()
        case "MODE" | "INCOTERM":
            return rng.choice(["Road", "Rail", "Sea", "Air"] if field == "MODE" else ["DAP", "EXW", "FCA", "CIF"])
        case "PLATE" | "SEAL NO" | "OUR REF" | "ACCOUNT":
            return str(fake.bothify("??#####").upper())
        case _:
            return f"{rng.uniform(1, 5000):,.2f}"


def _f1(forms: Any, model: str, threads: int | None) -> dict[str, float]:
    from ml_server.engines.extractor import ExtractorConfig
    from ml_server.models.promotion import measure as measured
    from ml_server.settings import usable_cores

    return measured(forms, ExtractorConfig(model, threads=threads or usable_cores()), "layoutlm", lambda _: None)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=30, help="corrected ones")
    parser.add_argument("--others", type=int, default=40, help="of the same layout, to measure on")
    parser.add_argument("--epochs", type=float, default=24)
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--also", type=Path, default=None, help="annotated documents of other layouts")
    return parser.parse_args()


if __name__ == "__main__":
    main()
