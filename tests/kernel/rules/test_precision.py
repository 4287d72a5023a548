from __future__ import annotations

import pytest
import torch

import ffcl.rules.precision
from ffcl.rules.precision import product_dtype


@pytest.mark.parametrize("units", [True, False])
def test_bfloat16_is_used_where_there_are_units_for_it(units: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ffcl.rules.precision, "has_bfloat16_units", lambda: units)
    weights = torch.zeros(2)
    assert product_dtype("auto", weights) == (torch.bfloat16 if units else torch.float32)
    assert product_dtype("float32", weights) == torch.float32
    assert product_dtype("bfloat16", weights) == torch.bfloat16


def test_double_precision_stays() -> None:
    assert product_dtype("bfloat16", torch.zeros(2).double()) == torch.float64
