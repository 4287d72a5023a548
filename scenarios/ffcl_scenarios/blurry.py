"""Class-incremental streams without sharp boundaries, handed over in order, piece by piece."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from ffcl.stream import Stream
from ffcl_scenarios.assembly import assemble, deal, drawing, homes, numbered
from ffcl_scenarios.datasets import load_for
from ffcl_scenarios.outlines import blurry_classes, blurry_outline
from ffcl_scenarios.parameters import Blurry


def build(parameters: Blurry, seed: int, data_root: Path) -> Stream:
    """Every training sample once; each part's test set is that of the classes at home in it.

    - ``si-blurry`` (Moon et al. 2023, arXiv 2308.09303): the classes are cut into parts of random size, at least
      one class in each. A share ``disjoint`` of all classes, drawn at random, comes in its own part only. Of each
      of the others, the blurry classes, a share ``blur`` of the samples, drawn at random, is dealt out: each goes
      to a part drawn uniformly. The samples of a part come in random order. The authors' code cuts disjoint and
      blurry classes apart from each other, so that a part can be without classes, and draws how many of the dealt
      samples each part gets.
    - ``linear`` (after the linear decay of Zeno et al. 2021, arXiv 2010.00373, as Avalanche builds it): the same
      number of classes a part. Time runs from 0 to the number of parts T. At every time the classes of part j come
      with a probability that rises linearly from 0 to 1 while time goes from ``j - overlap / 2`` to
      ``j + overlap / 2``, stays 1, and falls again around ``j + 1``; those of the first are there from the
      start, those of the last until the end. Here every sample comes once, at a time drawn so, where Avalanche
      draws samples again and again.
    """
    outline = blurry_outline(parameters, seed)
    data = load_for(parameters, outline, data_root)
    home, n = homes(outline, parameters.n_classes), len(outline)
    if parameters.boundary == "linear":
        time = fading_times(home[data.train_y], parameters.overlap, n, drawing(seed, "places"))
        place, order = time.floor().long().clamp(max=n - 1), time.argsort(stable=True)
    else:
        blurred = blurred_samples(
            data.train_y, blurry_classes(parameters, seed), parameters.blur, drawing(seed, "blur")
        )
        place = home[data.train_y]
        place[blurred] = torch.randint(n, (len(blurred),), generator=drawing(seed, "places"))
        order = torch.randperm(len(place), generator=drawing(seed, "stream"))
    label = numbered(outline, parameters.n_classes)
    train = deal(data.train_x, label[data.train_y], place, order, n)
    test = deal(data.test_x, label[data.test_y], home[data.test_y], torch.arange(len(data.test_y)), n)
    return assemble(parameters, seed, outline, data, train, test)


def fading_times(home: Tensor, overlap: float, parts: int, generator: torch.Generator) -> Tensor:
    """Draw the time at which each sample comes, from 0 to ``parts``, given the part it is at home in (n,).

    A time uniform in the part and a delay uniform in ``-overlap / 2`` to ``overlap / 2`` add up to a trapezoid;
    what would come before the start or after the end comes as long after it or before it.
    """
    uniform = torch.rand(2, len(home), generator=generator, dtype=torch.float64)
    time = (home + uniform[0] + (uniform[1] - 0.5) * overlap).abs()
    return torch.where(time > parts, 2 * parts - time, time)


def blurred_samples(y: Tensor, classes: tuple[int, ...], share: float, generator: torch.Generator) -> Tensor:
    """Draw this share of the samples of each of these classes: positions in ``y`` (n,)."""
    chosen = [torch.empty(0, dtype=torch.long)]
    for c in classes:
        mine = (y == c).nonzero().squeeze(1)
        chosen.append(mine[torch.randperm(len(mine), generator=generator)[: round(share * len(mine))]])
    return torch.cat(chosen)
