"""Tools for rules that ask which label fits an input: label codes that arrive with the classes, wrong labels."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ffcl.errors import LearnerError


class LabelCodes(nn.Module):
    """A random binary code for each class, drawn when the class arrives; no two classes have the same.

    Codes, not one-hot columns: the input keeps its width while classes arrive, and nothing is reserved for
    classes that have not been seen (Terres-Escudero et al. 2024, arXiv 2406.16479, use 100 bits, 30% ones).

    Args:
        bits: length of a code.
        density: share of ones.
    """

    codes: Tensor

    def __init__(self, bits: int, density: float = 0.3) -> None:
        super().__init__()
        self.bits = bits
        self.density = density
        self.register_buffer("codes", torch.empty(0, bits))

    def __len__(self) -> int:
        return len(self.codes)

    def grow(self, n_classes: int) -> None:
        """Draw codes until there are ``n_classes``; those that exist stay as they are.

        Raises:
            LearnerError: there are fewer codes than classes.
        """
        possible = 2**self.bits if 0 < self.density < 1 else 1
        if n_classes > possible:
            raise LearnerError(
                f"{n_classes} classes need as many label codes, but with code_bits={self.bits} there are only "
                f"{possible}; use at least {(n_classes - 1).bit_length()} bits."
            )
        for drawn in torch.rand(max(0, n_classes - len(self)), self.bits) < self.density:
            code = drawn.to(self.codes)
            while bool((self.codes == code).all(1).any()):
                code = (torch.rand(self.bits) < self.density).to(self.codes)
            self.codes = torch.cat([self.codes, code.unsqueeze(0)])


def wrong_labels(y: Tensor, n_classes: int, allowed: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Draw for each sample a label that is not its own, uniformly among the allowed ones.

    Args:
        y: the right labels (batch,).
        n_classes: classes seen so far.
        allowed: boolean (batch, n_classes), or None for all classes seen.

    Returns:
        The wrong labels (batch,), and whether there was one, boolean (batch,); where there was none, the
        label is the sample's own.
    """
    if allowed is None:
        exists = torch.full_like(y, n_classes > 1, dtype=torch.bool)
        shift = torch.randint(1, max(2, n_classes), y.shape, device=y.device)
        return torch.where(exists, (y + shift) % n_classes, y), exists
    weights = allowed.float().scatter(1, y.unsqueeze(1), 0.0)
    exists = weights.any(1)
    own = nn.functional.one_hot(y, n_classes).float()
    drawn = torch.multinomial(torch.where(exists.unsqueeze(1), weights, own), 1).squeeze(1)
    return drawn, exists


def likely_wrong_labels(y: Tensor, log_odds: Tensor, allowed: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Draw for each sample a label that is not its own, the likelier the more evidence speaks for it.

    The labels that a layer confuses with the right one are the ones to unlearn: a wrong label c is drawn with a
    probability proportional to exp(log_odds[c]).

    Args:
        y: the right labels (batch,).
        log_odds: what speaks for each label (batch, n_classes).
        allowed: boolean (batch, n_classes), or None for all classes.

    Returns:
        As `wrong_labels` does.
    """
    n_classes = log_odds.shape[1]
    forbidden = nn.functional.one_hot(y, n_classes).bool()
    if allowed is not None:
        forbidden = forbidden | ~allowed
    gumbel = -torch.empty_like(log_odds).exponential_().log()  # the highest sum with it is a draw from the softmax
    drawn = (log_odds + gumbel).masked_fill(forbidden, -torch.inf).argmax(1)
    exists = ~forbidden.all(1)
    return torch.where(exists, drawn, y), exists
