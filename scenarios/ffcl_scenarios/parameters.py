"""What a scenario file may say of each kind of stream; no torch here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from ffcl.errors import UsageError, unknown_name
from ffcl.parameters import OnlyIf, Parameters
from ffcl.parts import OF_SAMPLES, Part

N_CLASSES = {
    "digits": 10,
    "mnist": 10,
    "fashion-mnist": 10,
    "kmnist": 10,
    "emnist-balanced": 47,
    "emnist-letters": 26,
    "cifar10": 10,
    "cifar100": 100,
}
"""The data sets known by name, and how many classes each has."""

Incremental = Literal["class-incremental", "domain-incremental", "task-incremental"]
Share = FloatDistribution(0, 1)
Experiences = IntDistribution(1, 1000)


@dataclass(frozen=True, kw_only=True)
class OfDataSet(Parameters):
    """What every kind of stream may say: of its data, of wrong labels, and of how it is handed over.

    In the parts ``tuning`` and ``validation`` a stream differs from the one evaluated also in what the seed does not
    draw, see `ffcl.parts.VARIED`.
    """

    dataset: Annotated[str, f"the data set: {', '.join(N_CLASSES)}, or the path of your own"]
    classes: Annotated[int, IntDistribution(0, 100_000), "how many classes data of your own have"] = 0
    size: Annotated[
        int, IntDistribution(0, 4096), "pixels a side to which a folder of images is scaled; 0: it is of one size"
    ] = 0
    pad: Annotated[int, IntDistribution(0, 64), "zeros put around images first, on every side"] = 0
    standardise: Annotated[
        bool, "mean 0 and deviation 1 over the training set: each channel of images, each feature of vectors"
    ] = False
    part: Annotated[
        Part,
        CategoricalDistribution(OF_SAMPLES),
        "half of the training samples, a sixth of it held out as test set; the other half; or all, a sixth held out",
    ] = "all"
    noise: Annotated[float, Share, "share of the training labels replaced by another one of their experience"] = 0.0
    piece: Annotated[
        int, IntDistribution(0, 100_000), "online: samples handed over at a time, no boundary told; 0: all at once"
    ] = 0

    @classmethod
    def from_mapping(cls, values: Mapping[str, object], owner: str) -> Self:
        """Build from plain values, as every class of parameters, and look whether the data set can be meant.

        Raises:
            UsageError: a wrong key or value.
        """
        parameters = super().from_mapping(values, owner)
        _check_data_set(parameters, owner)
        return parameters

    @property
    def n_classes(self) -> int:
        """How many classes the data set has.

        Raises:
            UsageError: there is no such data set.
        """
        _check_data_set(self, type(self).__name__)
        return N_CLASSES.get(self.dataset, self.classes)


@dataclass(frozen=True, kw_only=True)
class Split(OfDataSet):
    """A data set split by class (van de Ven & Tolias 2019, arXiv 1904.07734).

    It can also be cut in two by class, for tuning and evaluation on other classes, the protocol of Chaudhry et al.
    2019 (arXiv 1812.00420): part ``first`` has the classes that come in the first experiences under seed 0, part
    ``rest`` the others, whatever the seed; the seed draws their order inside the part.
    """

    part: Annotated[
        Part, "as of every kind of stream; first: classes for tuning, a sixth of the samples held out; rest: the others"
    ] = "all"
    first: Annotated[
        int, IntDistribution(0, 1000), "of part first and rest: how many of the experiences bring the first classes"
    ] = 0
    type: Annotated[
        Incremental,
        "what is asked at test time: the class; its place in its experience; the class, the experience being known",
    ] = "class-incremental"
    experiences: Annotated[int, Experiences, "experiences; 1 is joint training"] = 5
    shuffle: Annotated[bool, "class order drawn from the seed; false keeps the data set's order"] = True
    shuffle_like: Annotated[
        Literal["ffcl", "avalanche"],
        "ffcl's order of a seed, or the one that Avalanche's benchmarks have with the same seed",
        OnlyIf("shuffle", True),
    ] = "ffcl"
    order: Annotated[tuple[int, ...], "the classes in this order, in place of shuffle; others are left out"] = ()
    groups: Annotated[
        tuple[int, ...], "how many classes each experience brings, in place of experiences; the rest is left out"
    ] = ()
    mixing: Annotated[
        float, Share, "share of the training samples moved to an experience drawn at random: 0 is sharp, 1 is i.i.d."
    ] = 0.0


@dataclass(frozen=True, kw_only=True)
class Transformed(OfDataSet):
    """All classes in every experience, the images transformed."""

    type: Annotated[
        Incremental,
        "the labels: of each experience its own; of all the same; its own, the experience being known",
    ] = "domain-incremental"


@dataclass(frozen=True, kw_only=True)
class Permuted(Transformed):
    """All classes, with the pixels in another random order in each experience but the first."""

    experiences: Annotated[int, Experiences, "experiences"] = 10


@dataclass(frozen=True, kw_only=True)
class Rotated(Transformed):
    """All classes, turned by another angle in each experience."""

    angles: Annotated[tuple[float, ...], "degrees, counter-clockwise, one an experience"] = (
        0,
        30,
        60,
        90,
        120,
    )


@dataclass(frozen=True, kw_only=True)
class Blurry(OfDataSet):
    """Class-incremental without sharp boundaries: Si-Blurry (arXiv 2308.09303), or a linear decay."""

    boundary: Annotated[
        Literal["si-blurry", "linear"], "some samples of some classes anywhere; or classes that fade in and out"
    ] = "si-blurry"
    experiences: Annotated[int, Experiences, "parts of the stream, after each of which is measured"] = 5
    disjoint: Annotated[
        float, Share, "share of the classes that come in one part only", OnlyIf("boundary", "si-blurry")
    ] = 0.5
    blur: Annotated[
        float, Share, "share of the other classes' samples that come anywhere", OnlyIf("boundary", "si-blurry")
    ] = 0.1
    overlap: Annotated[
        float, Share, "how long classes take to fade, in parts; 0 is sharp", OnlyIf("boundary", "linear")
    ] = 0.5
    piece: Annotated[int, IntDistribution(0, 100_000), "samples handed over at a time"] = 64


@dataclass(frozen=True, kw_only=True)
class Recurring(OfDataSet):
    """Class-incremental with repetition (Hemati et al. 2023, arXiv 2301.11396): classes come back."""

    experiences: Annotated[int, Experiences, "experiences"] = 10
    classes_per_experience: Annotated[
        int, IntDistribution(1, 100_000), "classes in each; as many as there are is i.i.d."
    ] = 2
    schedule: Annotated[
        Literal["random", "cycle"], "when classes come back: at random; or all in the same order, again and again"
    ] = "random"


@dataclass(frozen=True, kw_only=True)
class Drift(OfDataSet):
    """All classes, the images transformed a little more with every sample."""

    transform: Annotated[
        Literal["rotation", "noise", "contrast"], "degrees; standard deviation of the pixels; 1 leaves them, 0 is grey"
    ] = "rotation"
    start: Annotated[float, "strength of the transform at the first training sample"]
    end: Annotated[float, "strength at the last one"]
    experiences: Annotated[int, Experiences, "parts of the stream, after each of which is measured"] = 5
    piece: Annotated[int, IntDistribution(0, 100_000), "samples handed over at a time"] = 64


def _check_data_set(parameters: OfDataSet, owner: str) -> None:
    name = parameters.dataset
    if name in N_CLASSES:
        if parameters.classes not in (0, N_CLASSES[name]):
            raise UsageError(
                f"{owner}.classes is for data of your own, got {parameters.classes}: {name} has {N_CLASSES[name]} "
                f"classes. If {name} is a folder of yours, write ./{name}."
            )
        if parameters.size:
            raise UsageError(
                f"{owner}.size is for a folder of images of your own; the images of {name} stay as they are."
            )
    elif not parameters.classes:
        if "/" in name or name.endswith(".npz"):
            raise UsageError(f"{owner} needs `classes`, the number of classes in {name}, which is not read for a plan.")
        problem = unknown_name(f"data set in {owner}:", name, N_CLASSES)
        raise UsageError(f"{problem} Data of your own are given by a path, and their number of `classes`.")
