"""ffcl compares learning rules on non-stationary data.

For plugin authors: `hookimpl`, `LearnerSpec`, `StrategySpec`, `StreamSpec`, `Parameters`; the learner's base
class stands in `ffcl.learner`. For notebooks: `run`, `tune`, `leaderboard`, `compare` and `load`. Importing
ffcl imports no torch.
"""

from ffcl.api import compare as compare
from ffcl.api import leaderboard as leaderboard
from ffcl.api import load as load
from ffcl.api import run as run
from ffcl.api import tune as tune
from ffcl.errors import FfclError as FfclError
from ffcl.hookspecs import hookimpl as hookimpl
from ffcl.parameters import UNTUNED as UNTUNED
from ffcl.parameters import OnlyIf as OnlyIf
from ffcl.parameters import Parameters as Parameters
from ffcl.specs import LearnerSpec as LearnerSpec
from ffcl.specs import StrategySpec as StrategySpec
from ffcl.specs import StreamSpec as StreamSpec
