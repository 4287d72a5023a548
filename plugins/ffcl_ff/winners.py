"""The largest outputs of a layer, found faster than by ``torch.topk``."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import pad


def largest(h: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The k largest of each row of h (n, neurons), in any order, and their columns: (n, k) each.

    Written as a table of a few lines, a row has its k largest in the k columns of the table whose maxima are largest.
    So it is enough to search among the maxima, and then in those columns: about twice as fast as ``torch.topk`` on
    the whole row. Of equal values any may be taken, as there.
    """
    neurons = h.shape[1]
    lines = math.isqrt(neurons // k)
    width = math.ceil(neurons / lines)
    table = pad(h, (0, lines * width - neurons), value=-torch.inf).reshape(-1, lines, width)
    columns = table.amax(1).topk(k, sorted=False).indices
    candidates = table.gather(2, columns.unsqueeze(1).expand(-1, lines, -1)).flatten(1)
    values, where = candidates.topk(k, sorted=False)
    return values, where // k * width + columns.gather(1, where % k)
