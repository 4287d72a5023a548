"""Everything that can be extended, on one screen.

A plugin is a module or package that implements some of these hooks and is announced by its distribution:

    [project.entry-points.ffcl]
    mine = "ffcl_mine"

The built-in learners, strategies, scenarios and the leaderboard come in by the same door.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    import typer

    from ffcl.records import Record
    from ffcl.refusals import Refusal
    from ffcl.selection import Part
    from ffcl.specs import LearnerSpec, StrategySpec, StreamSpec
    from ffcl.tables import Tables

GROUP = "ffcl"
hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


class Hooks:
    """The hooks; each is called without ``self`` from a plain module."""

    @hookspec
    def ffcl_learners(self) -> Iterable[LearnerSpec]:
        """Offer learners: ``yield LearnerSpec("mine", "one line", MyHyperparameters, "ffcl_mine.learner:Mine")``."""
        raise NotImplementedError

    @hookspec
    def ffcl_strategies(self) -> Iterable[StrategySpec]:
        """Offer strategies: ``yield StrategySpec("ewc", "one line", EWCParameters, "ffcl_mine.ewc:plugins")``."""
        raise NotImplementedError

    @hookspec
    def ffcl_scenarios(self) -> Iterable[Path]:
        """Offer scenarios, one TOML file each: ``return Path(__file__).parent.glob("*.toml")``."""
        raise NotImplementedError

    @hookspec
    def ffcl_streams(self) -> Iterable[StreamSpec]:
        """Offer kinds of streams for scenario files:

        ``yield StreamSpec("drift", "one line", DriftParameters, "ffcl_mine.drift:outline", "ffcl_mine.drift:build")``.
        """  # noqa: D415
        raise NotImplementedError

    @hookspec
    def ffcl_commands(self, app: typer.Typer) -> None:
        """Add commands to ``ffcl``, under names of their own: ``app.command("mine")(function)``."""
        raise NotImplementedError

    @hookspec(firstresult=True)
    def ffcl_leaderboard(
        self,
        records: Sequence[Record],
        refusals: Sequence[Refusal],
        output: Path | None,
        sort: str,
        baseline: str | None,
        part: Part | None,
    ) -> Tables:
        """Turn records into the leaderboard's tables; write CSV files, plots and report into ``output`` if given.

        Of ``part`` alone the tables are; their numbers are those of all records.
        """
        raise NotImplementedError


def new_manager() -> pluggy.PluginManager:
    """A manager that knows the hooks and no plugin."""
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(Hooks)
    return manager
