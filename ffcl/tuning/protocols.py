"""Which data is tuned on, and which is evaluated on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ffcl.configuration import OPTIMISTIC
from ffcl.errors import UsageError, unknown_name
from ffcl.scenario import Scenario

PROTOCOLS = {
    "disjoint": "on training samples that the evaluation never uses, in other class orders; no test set",
    "first-k": "on the first k experiences, which the evaluation leaves out (Chaudhry et al. 2019, arXiv 1812.00420)",
    "two-phase": "on another data set of the same shape (Cha & Cho 2024, arXiv 2403.09066)",
    "same-stream": "on the very stream and test set that are evaluated: the field's habit, optimistic",
}
DEFAULT = "disjoint"
ON_OTHER_DATA = "two-phase"
"""The protocol that tunes on another data set than it evaluates on."""
TUNING_SEEDS = 1_000_000
"""Where the seeds of tuning streams start; evaluations start at 0."""


@dataclass(frozen=True)
class Protocol:
    """What is tuned on and what is evaluated on.

    Attributes:
        name: one of `PROTOCOLS`.
        tuning: the scenario that trials are run on.
        evaluation: the scenario that the outcome is for.
    """

    name: str
    tuning: Scenario
    evaluation: Scenario

    def seeds(self, n: int) -> Sequence[int]:
        """The ``n`` seeds of every trial, paired over trials."""
        return study_seeds(self.name, n)[:n]

    def fresh_seeds(self, n: int) -> Sequence[int]:
        """``n`` further seeds, on which the best trials are run again."""
        return study_seeds(self.name, n)[n:]


def study_seeds(protocol: str, n: int) -> Sequence[int]:
    """All seeds of a study with ``n`` a trial: those of the trials, then the fresh ones."""
    first = 0 if protocol == OPTIMISTIC else TUNING_SEEDS
    return range(first, first + 2 * n)


def make_protocol(name: str, scenario: Scenario, k: int | None = None, other: Scenario | None = None) -> Protocol:
    """Apply a protocol to a scenario.

    Args:
        name: one of `PROTOCOLS`.
        scenario: what is to be evaluated.
        k: for ``first-k``, how many experiences are tuned on.
        other: for ``two-phase``, a scenario on the data set that is tuned on; nothing else of it is used.

    Raises:
        UsageError: no such protocol, something it needs is missing, or the stream does not fit it.
    """
    if name not in PROTOCOLS:
        raise unknown_name("protocol", name, PROTOCOLS)
    for option, given, owner in (
        ("--first K, the number of experiences to tune on", k, "first-k"),
        ("--tune-on SCENARIO, one on another data set", other, ON_OTHER_DATA),
    ):
        if given is None and name == owner:
            raise UsageError(f"--protocol {name} needs {option}.")
        if given is not None and name != owner:
            raise UsageError(f"{option}, belongs to --protocol {owner}.")
    if name == OPTIMISTIC:
        return Protocol(name, scenario, scenario)
    parts = _parts(scenario)
    if name == "first-k":
        if "first" not in parts:
            raise UsageError(
                f"first-k is for streams whose experiences have samples of their own (kind split); {scenario.name} is "
                f"of kind {scenario.spec.name}. Use --protocol disjoint."
            )
        tuning = scenario.with_changes({"part": "first", "first": k})
        evaluation = scenario.with_changes({"part": "rest", "first": k})
    elif name == ON_OTHER_DATA:
        assert other is not None
        tuning, evaluation = _on_the_data_of(other, scenario), scenario
    else:
        tuning, evaluation = (scenario.with_changes({"part": part}) for part in ("tuning", "evaluation"))
    for view in (tuning, evaluation):
        view.outline(0)  # a stream that cannot be built complains here
    return Protocol(name, tuning, evaluation)


def _on_the_data_of(other: Scenario, scenario: Scenario) -> Scenario:
    source, target = other.stream.to_mapping(), scenario.stream.to_mapping()
    data: dict[str, object] = {
        name: source[name] for name in ("dataset", "classes", "size") if name in source and name in target
    }
    if "dataset" not in data:
        raise UsageError(f"two-phase needs streams that name their data set; {other.name} or {scenario.name} does not.")
    if data["dataset"] == target["dataset"]:
        raise UsageError(f"two-phase tunes on another data set; {other.name} is on {data['dataset']} as well.")
    return scenario.with_changes({**data, "part": "validation"})


def _parts(scenario: Scenario) -> Sequence[str]:
    """The parts of its data that a stream can be built from."""
    field = next((f for f in scenario.stream.fields() if f.name == "part"), None)
    parts: Sequence[str] = getattr(field.distribution, "choices", ()) if field is not None else ()
    if not {"tuning", "evaluation", "validation"} <= set(parts):
        raise UsageError(
            f"{scenario.name} is of kind {scenario.spec.name}, which cannot keep samples for tuning (it has no "
            "parameter `part`, see docs/new-scenario.md). --protocol same-stream tunes on what is evaluated."
        )
    return parts
