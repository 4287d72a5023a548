"""A plugin that misbehaves, installed for one test only."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

PLUGIN = """
import os
from ffcl import LearnerSpec, hookimpl
from ffcl_bp.hyperparameters import BPHyperparameters

@hookimpl
def ffcl_learners():
    for name in ("dies", "raises", "prints", "asks", "sleeps"):
        yield LearnerSpec(name, name, BPHyperparameters, f"ffcl_misbehaved_learners:{name.title()}")
"""


LEARNERS = """
import os, sys, time
from ffcl_bp.learner import BP

class Dies(BP):
    def loss(self, x, y, allowed):
        print("my last words", file=sys.stderr, flush=True)
        os._exit(7)

class Raises(BP):
    def loss(self, x, y, allowed):
        raise ValueError("the rule is wrong")

class Prints(BP):
    def loss(self, x, y, allowed):
        print('{"event": "done"}', flush=True)
        return super().loss(x, y, allowed)

class Asks(BP):
    def loss(self, x, y, allowed):
        return float(input("which loss? "))

class Sleeps(BP):
    def begin_experience(self, classes):
        time.sleep(0.5)
        super().begin_experience(classes)
"""


@pytest.fixture
def misbehaved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a plugin of misbehaving learners on the path of this process's children; return a results folder."""
    site = tmp_path / "site"
    info = site / "ffcl_misbehaved-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ffcl-misbehaved\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[ffcl]\nmisbehaved = ffcl_misbehaved\n")
    (site / "ffcl_misbehaved.py").write_text(PLUGIN)
    (site / "ffcl_misbehaved_learners.py").write_text(LEARNERS)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")]))
    return tmp_path / "results"
