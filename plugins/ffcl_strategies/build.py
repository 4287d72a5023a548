"""From a strategy's hyper-parameters to the Avalanche plugins that do it."""

from __future__ import annotations

from typing import Any

from avalanche.training.storage_policy import ReservoirSamplingBuffer

from ffcl import Parameters
from ffcl.avalanche_mends import (
    AGEMPlugin,
    ClassBalancedBuffer,
    ExperienceBalancedBuffer,
    GDumbPlugin,
    GEMPlugin,
    ReplayPlugin,
)
from ffcl_strategies import parameters as p
from ffcl_strategies.bounds import Cumulative, Joint
from ffcl_strategies.distillation import Distillation
from ffcl_strategies.herding import NearestMeanOfExemplars
from ffcl_strategies.penalties import EWCPenalty, MASPenalty, SIPenalty
from ffcl_strategies.projection import SharedMemoryGEM
from ffcl_strategies.rehearsal import AsymmetricReplay, DarkReplay

SELECTIONS = {
    "experience-balanced": ExperienceBalancedBuffer,
    "class-balanced": ClassBalancedBuffer,
    "reservoir": ReservoirSamplingBuffer,
}


def none(parameters: Parameters) -> list[Any]:
    """No plugin."""
    return []


def replay(parameters: p.Replay) -> list[Any]:
    """Each batch of new samples is joined by samples from the buffer."""
    storage = SELECTIONS[parameters.selection](parameters.buffer)
    return [ReplayPlugin(mem_size=parameters.buffer, storage_policy=storage)]


def er_ace(parameters: p.ErAce) -> list[Any]:
    """Replay with an asymmetric loss."""
    return [AsymmetricReplay(parameters.buffer)]


def der(parameters: p.Der) -> list[Any]:
    """Replay of samples and of the scores they had."""
    return [DarkReplay(parameters.buffer, parameters.alpha, parameters.beta)]


def gdumb(parameters: p.GDumb) -> list[Any]:
    """A fresh learner each time, trained on the buffer."""
    return [GDumbPlugin(mem_size=parameters.buffer)]


def nearest_mean(parameters: p.NearestMean) -> list[Any]:
    """Replay of herded exemplars, whose means classify."""
    return [NearestMeanOfExemplars(parameters.buffer)]


def ewc(parameters: p.EWC) -> list[Any]:
    """A quadratic penalty, weighted by the squared gradients of the learner's own loss."""
    decay = parameters.decay if parameters.mode == "online" else None
    return [EWCPenalty(parameters.strength, parameters.mode, decay)]


def si(parameters: p.SI) -> list[Any]:
    """A quadratic penalty, weighted by path integrals of the learner's own gradient."""
    return [SIPenalty(parameters.strength, parameters.damping, parameters.clip)]


def mas(parameters: p.MAS) -> list[Any]:
    """A quadratic penalty, weighted by the gradients of the scores' squared norm."""
    return [MASPenalty(parameters.strength, parameters.decay)]


def lwf(parameters: p.LwF) -> list[Any]:
    """Distillation from the learner before the experience."""
    return [Distillation(parameters.strength, parameters.temperature, parameters.classes, parameters.weight)]


def gem(parameters: p.GEM) -> list[Any]:
    """Projection by one reference gradient an experience."""
    if parameters.buffer:
        return [SharedMemoryGEM(parameters.buffer, parameters.margin)]
    return [GEMPlugin(parameters.patterns, parameters.margin)]


def agem(parameters: p.AGEM) -> list[Any]:
    """Projection by one reference gradient of all."""
    return [AGEMPlugin(parameters.patterns, parameters.sample)]


def cumulative(parameters: Parameters) -> list[Any]:
    """All data so far, the same learner."""
    return [Cumulative()]


def joint(parameters: Parameters) -> list[Any]:
    """All data so far, a fresh learner."""
    return [Joint()]
