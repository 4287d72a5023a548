"""Streams of the user's own data: what only the data can tell is told before anything is trained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ffcl.errors import UsageError
from ffcl.parts import Part, rows_of
from ffcl.registry import installed
from ffcl.scenario import read_scenario
from ffcl.specs import resolve
from own_arrays import arrays, write


def test_a_scenario_of_own_data_is_planned_without_them_and_built_from_the_data_root(tmp_path: Path) -> None:
    path = tmp_path / "birds.toml"
    path.write_text(
        'summary = "s"\n[stream]\nkind = "split"\ndataset = "mine/birds.npz"\nclasses = 3\nexperiences = 3\n'
    )
    scenario = read_scenario(path, installed().stream_specs)
    outline = scenario.outline(0)
    assert sorted(outline) == [(0,), (1,), (2,)]
    (tmp_path / "root" / "mine").mkdir(parents=True)
    write(tmp_path / "root" / "mine", arrays(), "npz")
    for root, name in ((tmp_path / "root", "mine/birds.npz"), (tmp_path, str(tmp_path / "root/mine/birds.npz"))):
        changed = scenario.with_changes({"dataset": name})
        stream = resolve(changed.spec.build)(changed.stream, 0, root)
        assert stream.outline == outline
        assert [len(e.train) for e in stream.experiences] == [2, 2, 2]


@pytest.mark.parametrize(("part", "what"), [("tuning", "training"), ("evaluation", "training"), ("validation", "test")])
@pytest.mark.parametrize("kind", ["split", "permuted", "recurring", "blurry"])
def test_a_class_that_a_part_lacks_is_named_if_the_stream_uses_it(
    tmp_path: Path, kind: str, part: Part, what: str
) -> None:
    """The three samples of class 2 lie elsewhere."""
    n, rows = 40, rows_of(part, 40)
    lacking = {"training": rows.train, "test": rows.held_out}[what]
    y = np.arange(n) % 2
    y[[row for row in range(n) if row not in lacking][:3]] = 2
    content = arrays(x_train=np.zeros((n, 4, 5)), y_train=y, x_test=np.zeros((3, 4, 5)))
    of = {"dataset": str(write(tmp_path, content, "npz")), "classes": 3, "part": part}
    spec = installed().stream_specs[kind]
    with pytest.raises(UsageError, match=rf"too few samples of class 2 for part = '{part}': there is no {what}"):
        resolve(spec.build)(spec.parameters.from_mapping({**of, "experiences": 3}, "mine"), 0, tmp_path)
    if kind == "split":
        without = spec.parameters.from_mapping({**of, "order": [0, 1], "experiences": 2}, "mine")
        assert len(resolve(spec.build)(without, 0, tmp_path).experiences) == 2


def test_vectors_cannot_be_turned(tmp_path: Path) -> None:
    from ffcl_scenarios.parameters import Permuted, Rotated
    from ffcl_scenarios.transformed import build_permuted, build_rotated

    content = arrays(x_train=np.zeros((6, 10)), x_test=np.zeros((3, 10)))
    own = {"dataset": str(write(tmp_path, content, "npz")), "classes": 3}
    with pytest.raises(UsageError, match=r"A rotated stream needs images .* of the shape \(10,\)"):
        build_rotated(Rotated(**own), 0, tmp_path)
    with pytest.raises(UsageError, match="A stream with pad needs images"):
        build_permuted(Permuted(**own, pad=1), 0, tmp_path)
    assert build_permuted(Permuted(**own), 0, tmp_path).input_shape == (10,)


@pytest.mark.parametrize(("low", "high"), [(-0.5, 1.0), (0.0, 255.0)])
@pytest.mark.parametrize("which", ["x_train", "x_test"])
def test_pixel_noise_is_for_images_in_0_to_1(tmp_path: Path, which: str, low: float, high: float) -> None:
    from ffcl_scenarios.drift import build
    from ffcl_scenarios.parameters import Drift

    images = np.full((6, 4, 5), 0.5)
    images[0, 0, :2] = low, high
    n = {"x_train": 6, "x_test": 3}[which]
    own = {"dataset": str(write(tmp_path, arrays(**{which: images[:n]}), "npz")), "classes": 3, "experiences": 2}
    with pytest.raises(UsageError, match=rf"cuts off what is outside 0 to 1, .*birds.npz are {low:g} to {high:g}; sc"):
        build(Drift(**own, transform="noise", start=0, end=0.1), 0, tmp_path)
    build(Drift(**own, transform="contrast", start=1, end=0.5), 0, tmp_path)


def test_vectors_are_standardised_feature_by_feature(tmp_path: Path) -> None:
    from ffcl_scenarios.parameters import Split
    from ffcl_scenarios.split import build

    train = np.array([[0.0, 5.0, 7.0], [2.0, 5.0, 7.0], [4.0, 5.0, 10.0]] * 2, dtype=np.float32)
    content = arrays(x_train=train, x_test=np.array([[2.0, 6.0, 8.0]] * 3, dtype=np.float32))
    own = {"dataset": str(write(tmp_path, content, "npz")), "classes": 3, "experiences": 1}
    (experience,) = build(Split(**own, standardise=True), 0, tmp_path).experiences
    deviations = np.array([np.sqrt(8 / 3), 1.0, np.sqrt(2)])  # the second feature does not vary: it is only centred
    assert np.allclose(experience.train.x, (train - [2.0, 5.0, 8.0]) / deviations, atol=1e-6)
    assert np.allclose(experience.test.x, [[0.0, 1.0, 0.0]] * 3, atol=1e-6)
