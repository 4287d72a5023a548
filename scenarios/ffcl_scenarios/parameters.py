"""What a scenario file may say of each kind of stream, and which classes follow from it; no torch here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from optuna.distributions import IntDistribution

from ffcl.errors import UsageError
from ffcl.parameters import Parameters
from ffcl.seeding import class_order

N_CLASSES = {"digits": 10, "mnist": 10, "fashion-mnist": 10}

DataSetName = Annotated[Literal["digits", "mnist", "fashion-mnist"], "the data set"]


@dataclass(frozen=True, kw_only=True)
class Split(Parameters):
    """A data set split by class (van de Ven & Tolias 2019, arXiv 1904.07734)."""

    dataset: DataSetName
    type: Annotated[
        Literal["class-incremental", "domain-incremental", "task-incremental"],
        "what is asked at test time: the class; its place in its experience; the class, the experience being known",
    ] = "class-incremental"
    experiences: Annotated[int, IntDistribution(1, 1000), "experiences; 1 is joint training"] = 5
    shuffle: Annotated[bool, "class order drawn from the seed; false keeps the data set's order"] = True


@dataclass(frozen=True, kw_only=True)
class Permuted(Parameters):
    """All classes, with the pixels in another random order in each experience but the first."""

    dataset: DataSetName
    experiences: Annotated[int, IntDistribution(1, 1000), "experiences"] = 10


@dataclass(frozen=True, kw_only=True)
class Rotated(Parameters):
    """All classes, turned by another angle in each experience."""

    dataset: DataSetName
    angles: Annotated[tuple[float, ...], "degrees, counter-clockwise, one an experience"] = (
        0,
        30,
        60,
        90,
        120,
    )


def split_outline(parameters: Split, seed: int) -> tuple[tuple[int, ...], ...]:
    """The original class ids of each experience.

    Raises:
        UsageError: the classes cannot be dealt out evenly.
    """
    n_classes = N_CLASSES[parameters.dataset]
    size, rest = divmod(n_classes, parameters.experiences)
    if rest:
        raise UsageError(
            f"The {n_classes} classes of {parameters.dataset} cannot be dealt out evenly over "
            f"{parameters.experiences} experiences; use {_divisors(n_classes)}."
        )
    order = class_order(n_classes, seed) if parameters.shuffle else tuple(range(n_classes))
    return tuple(order[i : i + size] for i in range(0, n_classes, size))


def all_classes_outline(parameters: Permuted | Rotated, seed: int) -> tuple[tuple[int, ...], ...]:
    """Every class in every experience.

    Raises:
        UsageError: there is no experience.
    """
    n = len(parameters.angles) if isinstance(parameters, Rotated) else parameters.experiences
    if n == 0:
        raise UsageError("A rotated stream needs at least one angle.")
    return (tuple(range(N_CLASSES[parameters.dataset])),) * n


def _divisors(n: int) -> str:
    numbers = [str(d) for d in range(1, n + 1) if n % d == 0]
    return ", ".join(numbers[:-1]) + " or " + numbers[-1]
