"""Every strategy on streams that come in pieces, without boundaries that it is told of: it acts there too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ffcl.configuration import Run
from ffcl.execute import execute
from ffcl.records import Record
from ffcl.registry import installed

STRATEGIES = sorted(set(installed().strategies) - {"none"})


@pytest.mark.parametrize("scenario", ["split-digits-online", "blurry-digits"])
def test_every_strategy_acts_on_a_stream_in_pieces(scenario: str, run_of: Callable[..., Run], data_root: Path) -> None:
    def record_of(strategy: str) -> Record:
        of_scenario = {f"{scenario}__piece": 150, f"{scenario}__batch_size": 50}
        record = execute(run_of("bp", strategy, scenario, bp__hidden=16, **of_scenario), installed(), data_root)
        assert record.failure is None, (strategy, record.failure)
        return record

    untouched = record_of("none").parameters_sha256
    for strategy in STRATEGIES:
        record = record_of(strategy)
        assert record.parameters_sha256 != untouched, strategy
        assert record.strategy_bytes, strategy
