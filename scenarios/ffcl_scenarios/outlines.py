"""Which classes come when, from the parameters and the seed alone; no data, no torch here.

An outline names the original classes of each experience: those of its test set, and, where a stream is sharp,
those of its training set.
"""

from __future__ import annotations

import random
from itertools import chain, islice

import numpy as np

from ffcl.errors import UsageError
from ffcl.parts import VARIED
from ffcl.seeding import class_order, derive_seed
from ffcl_scenarios.parameters import Blurry, Drift, OfDataSet, Permuted, Recurring, Rotated, Split

Outline = tuple[tuple[int, ...], ...]
Sizes = tuple[int, ...]
"""How many classes each experience brings."""


def split_outline(parameters: Split, seed: int) -> Outline:
    """The classes of each experience; with ``mixing``, those that come in it if nothing is moved.

    Raises:
        UsageError: the order or the groups do not fit the data set, the classes cannot be dealt out evenly, no
            experience is left in the part, or something is asked for that the type of stream does not have.
    """
    if parameters.mixing and parameters.type != "class-incremental":
        raise UsageError(
            f"mixing is for class-incremental streams; in a {parameters.type} one a label has no meaning outside "
            "its experience. Leave out mixing, or use type = 'class-incremental'."
        )
    order = _class_order(parameters, seed)
    sizes = _group_sizes(len(order), parameters) if parameters.groups else _even_sizes(len(order), parameters)
    if parameters.part in ("first", "rest"):
        order, sizes = _apart(order, sizes, parameters)
    outline = _cut(order, sizes)
    if not parameters.mixing:
        _check_noise(outline, parameters.noise)
    return outline


def transformed_outline(parameters: Permuted | Rotated, seed: int) -> Outline:
    """Every class in every experience.

    Raises:
        UsageError: there is no experience.
    """
    n = len(parameters.angles) if isinstance(parameters, Rotated) else parameters.experiences
    if n == 0:
        raise UsageError("A rotated stream needs at least one angle.")
    return _all_classes(parameters, n)


def drift_outline(parameters: Drift, seed: int) -> Outline:
    """Every class in every experience.

    Raises:
        UsageError: a strength that the transform does not have.
    """
    for name, value in (("start", parameters.start), ("end", parameters.end)):
        if parameters.transform != "rotation" and not 0 <= value <= 1:
            raise UsageError(f"{name} must be from 0 to 1 where transform = {parameters.transform!r}, got {value:g}.")
    return _all_classes(parameters, parameters.experiences)


def blurry_outline(parameters: Blurry, seed: int) -> Outline:
    """The classes whose home each part of the stream is: they come mostly there, and others come there too.

    Raises:
        UsageError: there are not enough classes, they cannot be dealt out evenly, or the stream is sharp and a part of
            one class is to have wrong labels.
    """
    order = class_order(parameters.n_classes, seed)
    n, parts = len(order), parameters.experiences
    if parameters.boundary == "linear":
        sharp = not parameters.overlap
        outline = _cut(order, _even_sizes(n, parameters))
    else:
        if parts > n:
            raise UsageError(f"{parameters.dataset} has {n} classes: too few for {parts} experiences with one each.")
        sharp = not (parameters.blur and blurry_classes(parameters, seed))
        cuts = sorted(random.Random(derive_seed(seed, "groups")).sample(range(1, n), parts - 1))
        outline = tuple(order[a:b] for a, b in zip([0, *cuts], [*cuts, n], strict=True))
    if sharp:
        _check_noise(outline, parameters.noise)
    return outline


def blurry_classes(parameters: Blurry, seed: int) -> tuple[int, ...]:
    """The classes of a Si-Blurry stream that are not disjoint."""
    n = parameters.n_classes
    return tuple(random.Random(derive_seed(seed, "blurry")).sample(range(n), n - round(parameters.disjoint * n)))


def recurring_outline(parameters: Recurring, seed: int) -> Outline:
    """The classes of each experience; each class comes equally often, or once more than another.

    Raises:
        UsageError: there are too few classes for an experience, or too few experiences for all classes.
    """
    order = class_order(parameters.n_classes, seed)
    n, size, parts = len(order), parameters.classes_per_experience, parameters.experiences
    if size > n:
        raise UsageError(
            f"classes_per_experience must be at most {n}, the classes of {parameters.dataset}, got {size}."
        )
    if size * parts < n:
        raise UsageError(
            f"{parts} experiences of {size} classes cannot hold the {n} classes of {parameters.dataset}; use at least "
            f"{-(-n // size)} experiences."
        )
    if parameters.schedule == "cycle":
        outline = tuple(tuple(order[(i * size + k) % n] for k in range(size)) for i in range(parts))
    else:
        outline = _scattered(order, size, parts, random.Random(derive_seed(seed, "groups")))
    _check_noise(outline, parameters.noise)
    return outline


def avalanche_class_order(n_classes: int, seed: int) -> tuple[int, ...]:
    """The order in which the classes arrive in Avalanche's benchmarks under ``seed``.

    It is ``torch.randperm`` after ``torch.manual_seed``, without torch: a Fisher-Yates shuffle that draws from the
    Mersenne Twister, which NumPy's legacy generator seeds as PyTorch does.
    """
    draw = np.random.RandomState(seed % 2**32)  # PyTorch too uses the lower 32 bits alone
    order = list(range(n_classes))
    for i in range(n_classes - 1):
        j = i + int(draw.randint(2**32, dtype=np.uint32)) % (n_classes - i)
        order[i], order[j] = order[j], order[i]
    return tuple(order)


def arrival(outline: Outline) -> tuple[int, ...]:
    """Every class of an outline once, in the order of its first place in it."""
    return tuple(dict.fromkeys(chain.from_iterable(outline)))


def one_class_alone(experience: int) -> UsageError:
    """Say that labels cannot be replaced in an experience, counted from 0."""
    return UsageError(f"noise needs two classes or more in every experience; experience {experience + 1} has one.")


def _scattered(order: tuple[int, ...], size: int, parts: int, draw: random.Random) -> Outline:
    """Deal ``size`` different classes to each experience at random, each class equally often as far as possible."""
    each, more = divmod(size * parts, len(order))
    left = dict.fromkeys(draw.sample(order, more), each + 1)
    left = {c: left.get(c, each) for c in order}  # how often each class is still to come
    outline = []
    for remaining in range(parts, 0, -1):
        due = [c for c in order if left[c] == remaining]  # in all that follow
        free = [c for c in order if 0 < left[c] < remaining]
        chosen = {*due, *draw.sample(free, size - len(due))}
        for c in chosen:
            left[c] -= 1
        outline.append(tuple(c for c in order if c in chosen))
    return tuple(outline)


def _class_order(parameters: Split, seed: int) -> tuple[int, ...]:
    n, order = parameters.n_classes, parameters.order
    if parameters.shuffle and not order:
        return class_order(n, seed) if parameters.shuffle_like == "ffcl" else avalanche_class_order(n, seed)
    if strange := [c for c in order if not 0 <= c < n]:
        raise UsageError(f"order names class {strange[0]}; the classes of {parameters.dataset} are 0 to {n - 1}.")
    if twice := [c for c in order if order.count(c) > 1]:
        raise UsageError(f"order names class {twice[0]} twice; for classes that come back use kind = 'recurring'.")
    fixed = order or tuple(range(n))
    if parameters.part not in VARIED:
        return fixed
    used = fixed[: sum(parameters.groups) or None]
    return tuple(used[i] for i in class_order(len(used), seed))


def _apart(order: tuple[int, ...], sizes: Sizes, parameters: Split) -> tuple[tuple[int, ...], Sizes]:
    """Of an order of classes and the sizes of the experiences, those of the part; its classes depend on no seed."""
    first, is_first = parameters.first, parameters.part == "first"
    if not 0 < first < len(sizes):
        allowed = f"from 1 to {len(sizes) - 1}" if len(sizes) > 1 else "with two experiences or more"
        raise UsageError(
            f"part = {parameters.part!r} needs `first`, how many of the {len(sizes)} experiences bring the first "
            f"classes, {allowed}; got {first}."
        )
    classes = {*_class_order(parameters, 0)[: sum(sizes[:first])]}
    return tuple(c for c in order if (c in classes) == is_first), sizes[:first] if is_first else sizes[first:]


def _group_sizes(n: int, parameters: Split) -> Sizes:
    groups = parameters.groups
    if min(groups) < 1:
        raise UsageError(f"groups must be numbers from 1 on, one an experience, got {min(groups)}.")
    if sum(groups) > n:
        raise UsageError(f"groups ask for {sum(groups)} classes in all, and there are {n}.")
    return groups


def _even_sizes(n: int, parameters: Split | Blurry) -> Sizes:
    size, rest = divmod(n, parameters.experiences)
    if rest:
        raise UsageError(
            f"The {n} classes of {parameters.dataset} cannot be dealt out evenly over "
            f"{parameters.experiences} experiences; use {_divisors(n)}."
        )
    return (size,) * parameters.experiences


def _cut(order: tuple[int, ...], sizes: Sizes) -> Outline:
    following = iter(order)
    return tuple(tuple(islice(following, size)) for size in sizes)


def _all_classes(parameters: OfDataSet, experiences: int) -> Outline:
    outline = (tuple(range(parameters.n_classes)),) * experiences
    _check_noise(outline, parameters.noise)
    return outline


def _check_noise(outline: Outline, noise: float) -> None:
    for index, classes in enumerate(outline):
        if noise and len(classes) == 1:
            raise one_class_alone(index)


def _divisors(n: int) -> str:
    numbers = [str(d) for d in range(1, n + 1) if n % d == 0]
    return " or ".join(filter(None, [", ".join(numbers[:-1]), numbers[-1]]))
