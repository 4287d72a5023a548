"""What can be wrong with a plugin or with what it offers, in words."""

from __future__ import annotations

import inspect
import re
from typing import Any, get_args

from ffcl.errors import unknown_name
from ffcl.hookspecs import Hooks, new_manager
from ffcl.scenario import TrainingBudget, WithinExperiences
from ffcl.specs import Need, Offer, Rule, StreamSpec

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_TAKEN = {"kind", *(field.name for part in (TrainingBudget, WithinExperiences) for field in part.fields())}
"""What a kind of stream cannot call a parameter: ``--set scenario.parameter`` would change another one."""
_WORDS = {"rule": ("rule", get_args(Rule)), "offers": ("offer", get_args(Offer)), "needs": ("need", get_args(Need))}


def wrong_name(name: object) -> str | None:
    """Say that a name cannot be one, if so: it becomes part of the names of folders."""
    if isinstance(name, str) and _NAME.fullmatch(name):
        return None
    return f"names are lower-case letters and digits joined by single hyphens, got {name!r}"


def wrong_parameters(item: Any) -> str | None:
    """Say what is wrong with the declaration of an offer's parameters, if anything."""
    parameters = item.parameters if isinstance(item, StreamSpec) else item.hyperparameters
    try:
        names = [field.name for field in parameters.fields()]
    except Exception as error:  # whatever a stranger has declared must not stop the others
        return f"the parameters of {item.name!r}: {error}"
    if isinstance(item, StreamSpec) and (taken := [name for name in names if name in _TAKEN]):
        return f"the parameters of {item.name!r}: {taken[0]!r} is one of every scenario already; call it otherwise"
    return None


def wrong_words(item: Any) -> str | None:
    """Say which word of a spec's rule, offers or needs is none, if any: what is misspelt would never be refused."""
    for name, (kind, known) in _WORDS.items():
        if not hasattr(item, name):
            continue
        given = getattr(item, name)
        if name != "rule" and not isinstance(given, set | frozenset):
            return f"{name} of {item.name!r} is a {type(given).__name__}, not a frozenset of {', '.join(known)}"
        for word in [given] if name == "rule" else sorted(given, key=str):
            if word not in known:
                return f"{name} of {item.name!r}: {unknown_name(kind, str(word), known)}".removesuffix(".")
    return None


def misspelt_hook(module: object) -> str | None:
    """Say which hook a module implements under a wrong name or without the marker, if any."""
    manager = new_manager()
    known = [name for name in dir(Hooks) if name.startswith("ffcl_")]
    for name in dir(module):
        marked = manager.parse_hookimpl_opts(module, name) is not None
        if marked and name not in known:
            return f"it implements {name!r}, which is no hook. {unknown_name('hook', name, known)}".removesuffix(".")
        is_function = inspect.isfunction(getattr(module, name, None))
        if not marked and name in known and is_function:
            return f"its function {name!r} lacks the decorator @hookimpl"
    return None
