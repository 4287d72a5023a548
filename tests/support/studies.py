"""Short studies, and what they leave in the results folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

Command = Callable[..., tuple[int, str, str]]
SHORT = ("--set", "split-digits.epochs=1")
SMALL = ("--seeds", "2", "--batch", "2", *SHORT)


def study_folder(results: Path) -> Path:
    (folder,) = (results / "studies").iterdir()
    return folder


def computed(results: Path) -> int:
    """How much has been computed: bytes of the evaluations that are kept."""
    return sum(file.stat().st_size for file in results.glob("studies/*/evaluations.jsonl"))


def trials(results: Path) -> list[Any]:
    """The trials as any tool of Optuna's reads them."""
    folder = study_folder(results)
    storage = JournalStorage(JournalFileBackend(str(folder / "journal.log")))
    study = optuna.load_study(study_name=folder.name, storage=storage)
    return [(t.params, t.state, t.values, t.intermediate_values) for t in study.get_trials(deepcopy=False)]
