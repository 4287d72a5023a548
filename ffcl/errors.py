"""The errors a user meets: each message says what was wrong, where, and what is allowed."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class FfclError(Exception):
    """Anything ffcl reports as one clear message instead of a traceback."""


class UsageError(FfclError):
    """Something asked for does not exist or is not allowed; nothing has been run. Exit code 2."""


class PluginError(FfclError):
    """A plugin cannot be used; the message names it and its distribution."""


class DataError(FfclError):
    """A data set is missing, damaged or cannot be downloaded."""


class StreamError(DataError):
    """The data are there, and one run's stream cannot be built from them; other runs may fare better."""


class RecordError(FfclError):
    """A record on disk cannot be read."""


class LearnerError(FfclError):
    """A learner broke its contract: wrong shape, not finite, or a missing method."""


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UsageError:
    """Say that ``name`` is no known ``kind``, offering the nearest valid name and all the others.

    >>> str(unknown_name("learner", "bpp", ["bp", "ff"]))
    "Unknown learner 'bpp'. Did you mean 'bp'? Known: bp, ff."
    """
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return UsageError(f"Unknown {kind} {name!r}.{hint} Known: {', '.join(names) or 'none'}.")
