from __future__ import annotations

import torch
from avalanche.benchmarks.utils.data_loader import ReplayDataLoader
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from ffcl.stream import Samples, all_rows
from ffcl.tensor_dataset import Batch, TensorDataset, tensor_dataset


def numbered(start: int, n: int, task: int = 0) -> TensorDataset:
    """Samples whose input, label and position are all the same number."""
    y = torch.arange(start, start + n)
    return tensor_dataset(all_rows(y.float().view(n, 1), y), task)


def fetch(dataset: TensorDataset, indices: list[int]) -> list[torch.Tensor]:
    """The batch fetched at once; fails if it was not."""
    (batch,) = dataset.__getitems__(indices)
    assert isinstance(batch, Batch)
    return list(batch.fields)


def test_a_batch_is_fetched_at_once() -> None:
    x, y, t = fetch(numbered(10, 5, task=3), [4, 0])
    assert x.tolist() == [[14.0], [10.0]]
    assert y.tolist() == [14, 10]
    assert t.tolist() == [3, 3]


@given(st.data())
@settings(max_examples=50)
def test_subsets_and_concatenations_fetch_what_single_samples_say(data: st.DataObject) -> None:
    dataset = numbered(0, 6, task=0)
    for step in range(data.draw(st.integers(0, 4))):
        if data.draw(st.booleans()):
            keep = data.draw(st.lists(st.integers(0, len(dataset) - 1), min_size=1, max_size=8))
            dataset = dataset.subset(keep)
        else:
            dataset = dataset.concat(numbered(100 * (step + 1), 4, task=step + 1))
    indices = data.draw(st.lists(st.integers(0, len(dataset) - 1), min_size=1, max_size=10))
    x, y, t = fetch(dataset, indices)
    singles = [dataset[i] for i in indices]
    assert x.tolist() == [single[0].tolist() for single in singles]
    assert y.tolist() == [single[1] for single in singles]
    assert t.tolist() == [single[2] for single in singles]
    assert [dataset.targets[i] for i in indices] == y.tolist()


def test_train_and_eval_views_still_fetch_batches() -> None:
    for view in (numbered(0, 4).train(), numbered(0, 4).eval()):
        assert fetch(view, [1])[1].tolist() == [1]


def test_a_transformation_falls_back_on_single_samples() -> None:
    changed = numbered(0, 4).replace_current_transform_group((lambda x: x + 0.5, None))
    loader = DataLoader(changed, batch_size=2)
    assert next(iter(loader))[0].tolist() == [[0.5], [1.5]]


def test_avalanches_replay_loader_joins_batches() -> None:
    loader = ReplayDataLoader(
        numbered(0, 4), numbered(100, 2), batch_size=2, batch_size_mem=2, oversample_small_tasks=True, shuffle=False
    )
    batches = [batch[1].tolist() for batch in loader]
    assert batches == [
        [0, 1, 100, 101],
        [2, 3, 100, 101],
    ]


def test_pixels_are_reordered_when_fetched() -> None:
    x = torch.arange(8.0).view(2, 1, 2, 2)
    samples = Samples(x, torch.tensor([1, 0]), torch.tensor([0, 1]), pixels=torch.tensor([3, 2, 1, 0]))
    assert samples.inputs(torch.tensor([0])).tolist() == [[[[7.0, 6.0], [5.0, 4.0]]]]
