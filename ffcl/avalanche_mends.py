"""What is broken in avalanche-lib 0.6.0, mended; a test for each fails once upstream has mended it."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from avalanche.benchmarks.utils import data_loader
from avalanche.benchmarks.utils.ffcv_support import has_ffcv_support
from avalanche.training.plugins import AGEMPlugin as _AGEMPlugin
from avalanche.training.plugins import GDumbPlugin as _GDumbPlugin
from avalanche.training.plugins import GEMPlugin as _GEMPlugin
from avalanche.training.plugins import ReplayPlugin as _ReplayPlugin
from avalanche.training.plugins import SynapticIntelligencePlugin
from avalanche.training.storage_policy import ClassBalancedBuffer as _ClassBalancedBuffer
from avalanche.training.storage_policy import ExperienceBalancedBuffer as _ExperienceBalancedBuffer
from avalanche.training.storage_policy import ReservoirSamplingBuffer
from avalanche.training.utils import ParamData
from scipy.optimize import nnls
from torch import Tensor, nn

from ffcl.tensor_dataset import BatchedConcatDataset, TensorDataset, joined

# Avalanche's loaders over several data sets wrap them in PyTorch's ConcatDataset, which fetches a sample at a
# time. The name is rebound inside Avalanche's loader module only.
data_loader.ConcatDataset = BatchedConcatDataset


def _has_ffcv_support(datasets: list[Any]) -> bool:
    """Whether FFCV can load these; not where they are tensors, which Avalanche would go through sample by sample."""
    return not all(isinstance(d, TensorDataset) for d in datasets) and bool(has_ffcv_support(datasets))


data_loader.has_ffcv_support = _has_ffcv_support


class ReplayPlugin(_ReplayPlugin):
    """Avalanche's replay without its call of a deprecated method, which warns at every experience."""

    def after_training_exp(self, strategy: Any, **kwargs: Any) -> None:
        """Fill the buffer from the experience just learned."""
        self.storage_policy.post_adapt(strategy, strategy.experience)


class ExperienceBalancedBuffer(_ExperienceBalancedBuffer):
    """Avalanche's buffer, which takes in nothing more once there are more experiences than it has places.

    From then on each experience so far has one of the places with equal probability (Vitter 1985, algorithm R).
    The time that Avalanche takes to put all together grows with the square of the number of experiences.
    """

    @property
    def buffer(self) -> Any:
        """All stored samples, experience by experience."""
        return joined(self.buffer_datasets)

    def post_adapt(self, agent: Any, exp: Any) -> None:
        """Take in samples of the experience just learned."""
        if self._num_exps < self.max_size:
            super().post_adapt(agent, exp)
            return
        self._num_exps += 1
        place = int(torch.randint(self._num_exps, (1,)))
        if place < self.max_size:
            self.buffer_groups[place] = ReservoirSamplingBuffer(1)
            self.buffer_groups[place].update_from_dataset(exp.dataset)


class ClassBalancedBuffer(_ClassBalancedBuffer):
    """Avalanche's buffer, which takes in no more classes once there are more of them than it has places.

    From then on each class so far has one of the places with equal probability (Vitter 1985, algorithm R).
    """

    def __init__(self, max_size: int) -> None:
        super().__init__(max_size)
        self._offered: list[int] = []  # the labels so far
        self._places: list[int] = []  # the label that has each place

    def get_group_lengths(self, num_groups: int) -> list[int]:
        """Samples stored of each class so far, in the order of ``seen_classes``."""
        for label in sorted(self.seen_classes - set(self._offered)):
            self._offered.append(label)
            if len(self._places) < self.max_size:
                self._places.append(label)
            elif (place := int(torch.randint(len(self._offered), (1,)))) < self.max_size:
                self._places[place] = label
        if num_groups > self.max_size:
            return [int(label in self._places) for label in self.seen_classes]
        lengths: list[int] = super().get_group_lengths(num_groups)
        return lengths


class GDumbPlugin(_GDumbPlugin):
    """Avalanche's GDumb without its call of a deprecated method, which warns at every experience."""

    def __init__(self, mem_size: int) -> None:
        super().__init__(mem_size)
        self.storage_policy = ClassBalancedBuffer(mem_size)

    def after_train_dataset_adaptation(self, strategy: Any, **kwargs: Any) -> None:
        """Take the new samples into the buffer, and learn from the buffer alone."""
        self.storage_policy.post_adapt(strategy, strategy.experience)
        strategy.adapted_dataset = self.storage_policy.buffer


class GEMPlugin(_GEMPlugin):
    """Avalanche's GEM with a solver: the one it asks for is not installed with it.

    The problem, min_v 1/2 v'Pv + (Gg)'v subject to v >= margin, is one of non-negative least squares in
    u = v - margin, once P = GG' + 0.001 I is factored (Lopez-Paz & Ranzato 2017, arXiv 1706.08840, eq. 11).
    """

    def after_training_exp(self, strategy: Any, **kwargs: Any) -> None:
        """Store samples of the experience just learned; the reference gradients were those of its last step."""
        super().after_training_exp(strategy, **kwargs)
        self.G = torch.empty(0)

    def solve_quadprog(self, g: Tensor) -> Tensor:
        """Project the gradient g (parameters,) by the reference gradients G (experiences, parameters)."""
        gram = (self.G @ self.G.T).double().numpy()
        lower = np.linalg.cholesky(0.5 * (gram + gram.T) + 1e-3 * np.eye(len(gram)))
        margin = np.full(len(gram), float(self.memory_strength))
        target = np.linalg.solve(lower, lower @ (lower.T @ margin) + (self.G @ g).double().numpy())
        u, _ = nnls(lower.T, -target)
        projected: Tensor = g + torch.from_numpy(u + margin).to(g) @ self.G
        return projected


class AGEMPlugin(_AGEMPlugin):
    """Avalanche's A-GEM, which fails once there are more experiences than samples in a batch from the memory.

    It also goes through the memory in the order of storing, with whatever is left at its end as a batch of its own;
    the samples are to be drawn at random (Chaudhry et al. 2019, arXiv 1812.00420).
    """

    sample_size: int
    buffers: list[Any]

    def after_training_exp(self, strategy: Any, **kwargs: Any) -> None:
        """Store samples of the experience just learned; the reference gradient was that of its last step."""
        super().after_training_exp(strategy, **kwargs)
        self.reference_gradients = torch.empty(0)

    def update_memory(self, dataset: Any, num_workers: int = 0, **kwargs: Any) -> None:
        """Take samples of the experience just learned into the memory."""
        chosen = torch.randperm(len(dataset))[: self.patterns_per_experience]
        self.buffers.append(dataset.subset(chosen))

    def sample_from_memory(self) -> Any:
        """Draw samples from the memory, as many of each experience, one at least: inputs, labels and tasks."""
        share = max(1, self.sample_size // len(self.buffers))
        drawn = [buffer.__getitems__(torch.randperm(len(buffer))[:share].tolist()) for buffer in self.buffers]
        return self.buffers[0].collate_fn([sample for batch in drawn for sample in batch])


@torch.no_grad()
def _copy_weights(model: nn.Module, target: dict[str, Any], excluded_parameters: set[str]) -> None:
    """Copy the weights into the memory there is: fresh memory for every step costs more than the copy."""
    for name, parameter in SynapticIntelligencePlugin.allowed_parameters(model, excluded_parameters):
        target[name].data.copy_(parameter.detach().flatten())


@torch.no_grad()
def _follow_path(model: nn.Module, synapse: dict[str, Any], excluded_parameters: set[str]) -> None:
    """Add gradient x (new - old weight) to the path integrals, in the memory that held the old weights."""
    for name, parameter in SynapticIntelligencePlugin.allowed_parameters(model, excluded_parameters):
        if parameter.grad is not None:  # it is None where nothing was asked of a parameter
            moved_back = synapse["old_theta"][name].data.sub_(parameter.flatten())
            synapse["trajectory"][name].data.sub_(moved_back.mul_(parameter.grad.flatten()))


def _grow(stored: ParamData, shape: torch.Size, padding_fn: Any = torch.zeros) -> Tensor:
    old = stored.data
    if old.shape != shape:
        stored.reset_like(shape, init_function=padding_fn)
        stored.data[tuple(slice(n) for n in old.shape)] = old
    grown: Tensor = stored.data
    return grown


# What Avalanche keeps of a parameter that grows is copied with a list of slices, which PyTorch is about to refuse.
ParamData.expand = _grow

# On a CPU Avalanche's SI keeps views of the weights in place of copies, so that no weight ever seems to move and
# nothing is penalised; with copies, a step would copy the new weights and the gradients too. The plugin calls these by
# the name of its own class: a subclass could not mend them.
SynapticIntelligencePlugin.extract_weights = staticmethod(_copy_weights)
SynapticIntelligencePlugin.post_update = staticmethod(_follow_path)
