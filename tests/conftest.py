from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from ffcl import cli, hookimpl
from ffcl.configuration import Run
from ffcl.plan import make_plan
from ffcl.records import Record
from ffcl.registry import Plugin, Registry, installed

with warnings.catch_warnings():  # importing them warns: of solvers that are missing, of torch.jit
    warnings.simplefilter("ignore")
    import avalanche.training  # noqa: F401
    import norse.torch  # noqa: F401

torch.set_num_threads(1)  # as runs do; on a busy machine two are many times slower


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


@pytest.fixture
def data_root(tmp_path: Path) -> Path:
    """Where no data is: tests run on the digits, which need no folder."""
    return tmp_path / "no-data"


@pytest.fixture(scope="session")
def mnist_root() -> Path:
    """The folder of the real MNIST, named by an environment variable; without it the test is skipped."""
    root = os.environ.get("FFCL_DATA_ROOT")
    if not root or not (Path(root) / "MNIST" / "raw").is_dir():
        pytest.skip("FFCL_DATA_ROOT names no folder that holds MNIST/raw")
    return Path(root)


@pytest.fixture
def registry_with() -> Callable[..., Registry]:
    """The installed plugins, and more: ``registry_with(learners=[spec], strategies=[spec])``."""

    def make(
        learners: Iterable[Any] = (),
        strategies: Iterable[Any] = (),
        streams: Iterable[Any] = (),
        scenarios: Iterable[Path] = (),
    ) -> Registry:
        registry = Registry()
        for plugin in installed().plugins.values():
            module = installed().manager.get_plugin(plugin.name)
            registry.add(plugin, lambda module=module: module)
        extra = SimpleNamespace(
            ffcl_learners=hookimpl(lambda: list(learners)),
            ffcl_strategies=hookimpl(lambda: list(strategies)),
            ffcl_streams=hookimpl(lambda: list(streams)),
            ffcl_scenarios=hookimpl(lambda: list(scenarios)),
        )
        registry.add(Plugin("extra", "extra", "extra-dist", "1.2"), lambda: extra)
        assert not registry.broken
        return registry

    return make


@pytest.fixture
def comparable() -> Callable[[Record], dict[str, Any]]:
    """The part of a record that must repeat bit for bit: all but times, dates, memory and the machine."""
    passing = {"started", "train_seconds", "evaluation_seconds", "peak_memory_bytes", "hardware", "versions"}
    return lambda record: {name: value for name, value in asdict(record).items() if name not in passing}


def plan_run(
    registry: Registry,
    learner: str,
    strategy: str = "none",
    scenario: str = "split-digits",
    seed: int = 0,
    **settings: Any,
) -> Run:
    """One run; a setting is written ``ff__hidden=10``, and there is one epoch unless said otherwise."""
    changes = {f"{scenario}.epochs": 1} | {name.replace("__", "."): value for name, value in settings.items()}
    return make_plan(registry, [learner], [strategy], [scenario], [seed], changes).runs[0]


@pytest.fixture
def run_of() -> Callable[..., Run]:
    """Make one run of the installed plugins: ``run_of("ff", seed=3, ff__hidden=10)``."""
    return lambda learner, *args, registry=None, **settings: plan_run(
        registry or installed(), learner, *args, **settings
    )


@pytest.fixture
def ffcl(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., tuple[int, str, str]]:
    """Run the command line in this process; returns exit code, output, errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["ffcl", *map(str, arguments)])
        code = 0
        try:
            cli.main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        output, errors = capsys.readouterr()
        return code, output, errors

    return run
