"""What a plugin hands over: small records that name a learner, a strategy or a kind of stream.

A record points at the code behind it with a text, ``"package.module:name"``, so that listing, showing and
planning never import torch or avalanche; the code is imported where it runs. A callable works too.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from ffcl.parameters import Parameters

if TYPE_CHECKING:
    from pathlib import Path

    from ffcl.learner import Learner
    from ffcl.stream import Stream

Rule = Literal["gradient", "observe"]
Offer = Literal["scores", "features"]
Need = Literal["gradient", "scores", "features"]

_WITHOUT = {
    "gradient": "it acts on gradients, and {} updates itself in observe() without one",
    "scores": "it acts on the gradient of scores, and {} offers none",
    "features": "it classifies by features, and {} offers none",
}


def resolve(reference: str | Callable[..., Any]) -> Callable[..., Any]:
    """Import what ``"package.module:name"`` points at; a callable is returned as it is."""
    if isinstance(reference, str):
        target: Callable[..., Any] = pkgutil.resolve_name(reference)
        return target
    return reference


def modules_of(spec: object) -> list[str]:
    """The modules that a spec's references point into; they are not imported for that."""
    found = []
    for reference in (getattr(spec, name, None) for name in ("learner", "plugins", "outline", "build")):
        while isinstance(reference, partial):
            reference = reference.func
        module = reference.partition(":")[0] if isinstance(reference, str) else getattr(reference, "__module__", None)
        found += [module] if module else []
    return found


@dataclass(frozen=True)
class LearnerSpec:
    """A learner: a network and its learning rule.

    Attributes:
        name: lower-case letters, digits and hyphens; unique over all installed plugins.
        summary: one line for ``ffcl list``.
        hyperparameters: the class of its hyper-parameters.
        learner: the class, a subclass of `ffcl.learner.Learner`; called with the shape of one sample and the
            hyper-parameters.
        rule: ``"gradient"`` if the class defines ``loss``; ``"observe"`` if its update is no gradient step and
            it defines ``observe``.
        offers: what it has beyond its rule: ``"scores"``, if the scores of ``forward`` can be differentiated with
            respect to the parameters; ``"features"``, if it defines ``features``.
        default: whether it is run when no learner is named.
        note: what a reader of its results must know so as not to misread them; shown with every leaderboard.
    """

    name: str
    summary: str
    hyperparameters: type[Parameters]
    learner: str | Callable[[tuple[int, ...], Any], Learner[Any]]
    rule: Rule = "gradient"
    offers: frozenset[Offer] = frozenset()
    default: bool = False
    note: str = ""


@dataclass(frozen=True)
class StrategySpec:
    """A strategy: what is added to a learner against forgetting.

    Attributes:
        name: lower-case letters, digits and hyphens; unique over all installed plugins.
        summary: one line for ``ffcl list``.
        hyperparameters: the class of its hyper-parameters.
        plugins: called with the hyper-parameters; returns the Avalanche plugins that make up the strategy.
        needs: what it needs of a learner: ``"gradient"`` (a rule that goes through ``loss``), ``"scores"``
            (scores with a gradient), ``"features"``.
        scored: whether it reads the scores of every training batch in ``mb_output``; they are not computed for
            strategies that do not.
        default: whether it is run when no strategy is named.
    """

    name: str
    summary: str
    hyperparameters: type[Parameters]
    plugins: str | Callable[[Any], list[Any]]
    needs: frozenset[Need] = frozenset()
    scored: bool = False
    default: bool = False

    def refusal(self, learner: LearnerSpec) -> str | None:
        """Why this strategy cannot act on ``learner``, or None if it can."""
        has = {*learner.offers, *(["gradient"] if learner.rule == "gradient" else [])}
        missing = [_WITHOUT[need].format(learner.name) for need in _WITHOUT if need in self.needs - has]
        return "; ".join(missing) or None


@dataclass(frozen=True)
class StreamSpec:
    """A kind of stream, which scenario files refer to as ``kind``.

    Attributes:
        name: the ``kind`` in a scenario file.
        summary: one line of documentation.
        parameters: the class of its parameters: the other keys of the file's ``[stream]`` table.
        outline: called with (parameters, seed); returns the original class ids of each experience, without
            loading data.
        build: called with (parameters, seed, data_root); returns the `ffcl.stream.Stream`.
    """

    name: str
    summary: str
    parameters: type[Parameters]
    outline: str | Callable[[Any, int], tuple[tuple[int, ...], ...]]
    build: str | Callable[[Any, int, Path], Stream]
