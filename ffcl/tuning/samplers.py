"""What proposes trials: samplers of Optuna's, seeded so that no trial depends on a former process."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, GPSampler, QMCSampler, RandomSampler, TPESampler

from ffcl.seeding import derive_seed

SAMPLERS = {
    "tpe": "tree-structured Parzen estimators: the default, for any budget",
    "gp": "a Gaussian process: for few and costly trials",
    "random": "independent draws: a fair baseline",
    "qmc": "a quasi-random sequence: covers the space evenly",
}


def make_sampler(name: str, seed: int, trial: int) -> BaseSampler:
    """A sampler of its own for each trial; that of the quasi-random sequence counts trials by itself."""
    own = derive_seed(seed, f"trial-{trial}") % 2**32
    if name == "tpe":
        return TPESampler(seed=own)
    if name == "gp":
        return GPSampler(seed=own)
    if name == "random":
        return RandomSampler(seed=own)
    return QMCSampler(scramble=True, seed=derive_seed(seed, "qmc") % 2**32)


@contextmanager
def quiet() -> Iterator[None]:
    """Without Optuna's remarks: on what is experimental in it, and on each trial."""
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            warnings.simplefilter("ignore", UserWarning)
            yield
    finally:
        optuna.logging.set_verbosity(verbosity)
