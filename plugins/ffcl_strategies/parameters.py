"""Hyper-parameters of the strategies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from optuna.distributions import FloatDistribution, IntDistribution

from ffcl import UNTUNED, OnlyIf, Parameters

Buffer = Annotated[int, IntDistribution(1, 100_000, log=True), "samples stored in all", UNTUNED]


@dataclass(frozen=True, kw_only=True)
class Replay(Parameters):
    """Experience replay (Avalanche's ``ReplayPlugin``): each batch is joined by stored samples.

    They are as many as the batch size, and fewer where a pass over the buffer ends.
    """

    buffer: Buffer = 500
    selection: Annotated[
        Literal["experience-balanced", "class-balanced", "reservoir"],
        "what is stored: equally many samples an experience, or a class; or any sample with equal probability",
    ] = "experience-balanced"


@dataclass(frozen=True, kw_only=True)
class ErAce(Parameters):
    """ER-ACE (Caccia et al. 2022, arXiv 2104.05025), with a reservoir."""

    buffer: Buffer = 500


@dataclass(frozen=True, kw_only=True)
class Der(Parameters):
    """Dark Experience Replay and DER++ (Buzzega et al. 2020, arXiv 2004.07211), with a reservoir."""

    buffer: Buffer = 500
    alpha: Annotated[float, FloatDistribution(1e-4, 10.0, log=True), "weight of keeping the stored scores"] = 0.1
    beta: Annotated[float, FloatDistribution(0.0, 10.0), "weight of the loss on stored samples; 0 is DER"] = 0.5


@dataclass(frozen=True, kw_only=True)
class GDumb(Parameters):
    """GDumb (Prabhu, Torr & Dokania 2020; Avalanche's ``GDumbPlugin``)."""

    buffer: Buffer = 500


@dataclass(frozen=True, kw_only=True)
class NearestMean(Parameters):
    """Nearest mean of herded exemplars, as in iCaRL (Rebuffi et al. 2017, arXiv 1611.07725)."""

    buffer: Buffer = 500


@dataclass(frozen=True, kw_only=True)
class EWC(Parameters):
    """Elastic weight consolidation (Kirkpatrick et al. 2017, arXiv 1612.00796; online: Schwarz et al. 2018)."""

    strength: Annotated[float, FloatDistribution(1e-2, 1e13, log=True), "weight of the penalty"] = 1e4
    mode: Annotated[
        Literal["separate", "online"], "a penalty an experience, or one whose importances decay and add up"
    ] = "separate"
    decay: Annotated[
        float, FloatDistribution(0.0, 1.0), "share of the old importances kept", OnlyIf("mode", "online")
    ] = 1.0


@dataclass(frozen=True, kw_only=True)
class SI(Parameters):
    """Synaptic intelligence (Zenke, Poole & Ganguli 2017, arXiv 1703.04200)."""

    strength: Annotated[float, FloatDistribution(1e-2, 1e13, log=True), "weight of the penalty"] = 1e4
    damping: Annotated[
        float, FloatDistribution(1e-9, 1.0, log=True), "added to the squared distance that importances are divided by"
    ] = 1e-7
    clip: Annotated[  # Zenke et al. have none; 0.001 is Avalanche's
        float, FloatDistribution(1e-6, 1e6, log=True), "the highest importance there is", UNTUNED
    ] = 1e-3


@dataclass(frozen=True, kw_only=True)
class MAS(Parameters):
    """Memory aware synapses (Aljundi et al. 2018, arXiv 1711.09601)."""

    strength: Annotated[float, FloatDistribution(1e-6, 1e8, log=True), "weight of the penalty"] = 1.0
    decay: Annotated[float, FloatDistribution(0.0, 1.0), "share of the old importances kept"] = 0.5


@dataclass(frozen=True, kw_only=True)
class LwF(Parameters):
    """Learning without forgetting (Li & Hoiem 2016, arXiv 1606.09282)."""

    strength: Annotated[float, FloatDistribution(1e-3, 1e3, log=True), "weight of the distillation"] = 1.0
    temperature: Annotated[float, FloatDistribution(0.5, 20.0, log=True), "temperature of both softmaxes"] = 2.0
    classes: Annotated[
        Literal["known", "seen"],
        "what the softmax is among: classes known before, or new ones too, to which the earlier learner gives nothing",
    ] = "seen"  # Avalanche's is "known"
    weight: Annotated[
        Literal["constant", "growing"], "growing: strength times the number of experiences of the task so far"
    ] = "constant"


@dataclass(frozen=True, kw_only=True)
class GEM(Parameters):
    """Gradient episodic memory (Lopez-Paz & Ranzato 2017, arXiv 1706.08840)."""

    patterns: Annotated[int, IntDistribution(1, 10_000, log=True), "samples stored an experience", UNTUNED] = 100
    buffer: Annotated[
        int,
        IntDistribution(0, 100_000),
        "in place of patterns: samples stored in all, shared equally by the experiences so far; 0: patterns",
        UNTUNED,
    ] = 0
    margin: Annotated[float, FloatDistribution(0.0, 1.0), "how far a projected step leans towards the past"] = 0.5


@dataclass(frozen=True, kw_only=True)
class AGEM(Parameters):
    """Averaged GEM (Chaudhry et al. 2019, arXiv 1812.00420)."""

    patterns: Annotated[int, IntDistribution(1, 10_000, log=True), "samples stored an experience", UNTUNED] = 100
    sample: Annotated[
        int,
        IntDistribution(1, 10_000, log=True),
        "stored samples a reference gradient is of, drawn at random; more, if there are more experiences",
        UNTUNED,
    ] = 256
