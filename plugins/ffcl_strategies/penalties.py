"""Quadratic penalties on moving weights that mattered: EWC, SI and MAS, with Avalanche's importances.

The penalty sum_i a_i (w_i - c_i)^2 has the gradient 2 a_i (w_i - c_i), which is given as it is: no graph is built
over all parameters at every step. Penalties on several anchors are one on their weighted mean, but for a constant.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from avalanche.training.plugins import EWCPlugin, MASPlugin, SynapticIntelligencePlugin
from avalanche.training.utils import ParamData, zerolike_params_dict
from torch import Tensor, nn
from torch.utils.data import DataLoader

from ffcl.learner import as_gradient

Terms = Mapping[str, tuple[Tensor, Tensor]]
"""By name of the parameter: importance and anchor; both are those of the parameter before it grew."""

STEP = ("old_theta", "new_theta", "grad", "trajectory")
"""What SI needs within an experience only, as Avalanche calls it."""


def penalty(model: nn.Module, strength: float, terms: Terms) -> Tensor:
    """The term strength x sum_i a_i (w_i - c_i)^2, with its gradient; weights that have come since are free."""
    value = torch.zeros(())
    updates: dict[Tensor, Tensor] = {}
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name in terms:
                importance, anchor = (_grown(t, parameter.shape) for t in terms[name])
                moved = parameter - anchor
                pull = importance * moved
                value = value + torch.dot(pull.flatten(), moved.flatten())
                updates[parameter] = pull.mul_(2.0 * strength)
    return as_gradient(strength * value, updates, handed_over=True)


def joined(terms: Terms, new: Terms) -> dict[str, tuple[Tensor, Tensor]]:
    """One penalty for two: importances add up, and the anchor is the mean weighted by them."""
    result = dict(new)
    for name in terms.keys() & new.keys():
        importance, anchor = new[name]
        before, at = (_grown(t, importance.shape) for t in terms[name])
        total = before + importance
        share = torch.where(total > 0, importance / total.clamp(min=torch.finfo(total.dtype).tiny), 1.0)
        result[name] = total, torch.lerp(at, anchor, share)
    return result


def _grown(tensor: Tensor, shape: torch.Size) -> Tensor:
    """The tensor with zeros for the rows that have come since."""
    if tensor.shape == shape:
        return tensor
    larger = tensor.new_zeros(shape)
    larger[tuple(slice(n) for n in tensor.shape)] = tensor
    return larger


def mixed(dataset: Any) -> Any:
    """The data set in an order drawn once and for all.

    Data on disk are often sorted by class. The mean gradient of a batch of one class is another one than that of a
    batch of all, and so would be the importances.
    """
    return dataset.subset(torch.randperm(len(dataset), generator=torch.Generator().manual_seed(0)))


class EWCPenalty(EWCPlugin):
    """Avalanche's EWC, with the penalties of all experiences kept and applied as one."""

    def __init__(self, strength: float, mode: str, decay: float | None) -> None:
        super().__init__(strength, mode, decay)
        self.terms: Terms = {}

    def compute_importances(
        self, model: Any, criterion: Any, optimizer: Any, dataset: Any, *args: Any, **kw: Any
    ) -> Any:
        """The mean over mini-batches, drawn from the whole experience, of the squared gradient of their mean loss."""
        return super().compute_importances(model, criterion, optimizer, mixed(dataset), *args, **kw)

    def before_backward(self, strategy: Any, **kwargs: Any) -> None:
        """Add the penalty to the loss."""
        if self.terms:
            strategy.loss = strategy.loss + penalty(strategy.model, self.ewc_lambda, self.terms)

    def after_training_exp(self, strategy: Any, **kwargs: Any) -> None:
        """Have Avalanche compute the importances, and take them in."""
        super().after_training_exp(strategy, **kwargs)
        t = strategy.clock.train_exp_counter
        new = {name: (i.data, self.saved_params[t][name].data) for name, i in self.importances[t].items()}
        if self.mode == "online":
            self.terms = new
        else:
            self.terms = joined(self.terms, new)
            del self.importances[t], self.saved_params[t]


class SIPenalty(SynapticIntelligencePlugin):
    """Avalanche's SI, whose penalty is strength / 2 x sum_i a_i (w_i - c_i)^2; where a_i is clipped may be chosen.

    After each experience a negative a_i, of a weight whose movement raised the loss, is 0 and forgotten, as in the code
    of the source (Zenke et al. 2017, arXiv 1703.04200); Avalanche would pay for moving it.
    """

    def __init__(self, strength: float, damping: float, clip: float) -> None:
        super().__init__(strength, damping)
        self.clip = clip
        self._shapes: dict[str, torch.Size] = {}  # of the parameters after the last experience

    def before_training_exp(self, strategy: Any, **kwargs: Any) -> None:
        """Make room for what has grown; Avalanche, which keeps it flat, would give it to other weights."""
        for name, parameter in strategy.model.named_parameters():
            if name in self._shapes:
                for stored in (*self.ewc_data, self.syn_data["cum_trajectory"]):
                    grown = _grown(stored[name].data.view(self._shapes[name]), parameter.shape)
                    stored[name] = ParamData(name, init_tensor=grown.flatten())
                for step in STEP:
                    self.syn_data[step][name].reset_like([parameter.numel()])
        super().before_training_exp(strategy, **kwargs)

    def after_training_exp(self, strategy: Any, **kwargs: Any) -> None:
        """Take in the experience's path integrals."""
        self.update_ewc_data(
            strategy.model, self.ewc_data, self.syn_data, self.clip, self.excluded_parameters, c=1.0, eps=self.eps
        )
        self._shapes = {name: p.shape for name, p in strategy.model.named_parameters() if name in self.ewc_data[1]}
        for name in self._shapes:
            self.ewc_data[1][name].data.clamp_(min=0)
            self.syn_data["cum_trajectory"][name].data.clamp_(max=0)  # of the opposite sign
            for step in STEP:
                self.syn_data[step][name].reset_like([0])

    def before_backward(self, strategy: Any, **kwargs: Any) -> None:
        """Add the penalty to the loss."""
        if strategy.clock.train_exp_counter == 0:
            return  # nothing has mattered yet
        anchors, importances = self.ewc_data
        terms = {
            name: (importances[name].data.view_as(parameter), anchors[name].data.view_as(parameter))
            for name, parameter in strategy.model.named_parameters()
            if name in importances
        }
        strategy.loss = strategy.loss + penalty(strategy.model, self.si_lambda[0] / 2, terms)


class MASPenalty(MASPlugin):
    """Avalanche's MAS on the scores of the classes that may be chosen."""

    def before_backward(self, strategy: Any, **kwargs: Any) -> None:
        """Add the penalty to the loss."""
        if self.params is not None:
            terms = {name: (importance.data, self.params[name].data) for name, importance in self.importance.items()}
            strategy.loss = strategy.loss + penalty(strategy.model, self._lambda, terms)

    def _get_importance(self, strategy: Any) -> dict[str, ParamData]:
        importance: dict[str, ParamData] = zerolike_params_dict(strategy.model)
        data = mixed(strategy.experience.dataset)
        loader = DataLoader(data, batch_size=strategy.train_mb_size, collate_fn=data.collate_fn)
        for x, _, tasks in loader:
            strategy.optimizer.zero_grad()
            with strategy.scoring():
                scores = strategy.model(x, tasks)
            allowed = strategy.allowed_for(tasks)
            chosen = scores if allowed is None else scores * allowed
            chosen.square().sum(1).mean().backward()
            for name, parameter in strategy.model.named_parameters():
                if parameter.grad is not None:
                    importance[name].data += parameter.grad.abs() / len(loader)
        strategy.optimizer.zero_grad()
        return importance
