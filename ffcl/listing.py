"""``ffcl list`` and ``ffcl show``: what is installed, and its settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ffcl.errors import unknown_name

if TYPE_CHECKING:
    from ffcl.parameters import Field
    from ffcl.registry import Offer
    from ffcl.scenario import Scenario
    from ffcl.specs import LearnerSpec, StrategySpec


def list_() -> None:
    """List learners, strategies, scenarios, where they come from, and plugins that are broken."""
    from ffcl.registry import installed

    registry, console = installed(), Console()
    registry.check()
    for title, offers in (
        ("Learners", registry.learners),
        ("Strategies", registry.strategies),
        ("Scenarios", registry.scenarios),
    ):
        table = Table(title=title, title_justify="left", box=None, header_style="bold", padding=(0, 2, 0, 0))
        for column in ("name", "what it is", "from"):
            table.add_column(column, overflow="fold")
        for name in sorted(offers):
            offer = offers[name]
            table.add_row(
                name + " *" * offer.item.default,
                escape(offer.item.summary),
                f"{offer.plugin.distribution} {offer.plugin.version}",
            )
        console.print(table)
        console.print()
    console.print("* is run when nothing is named", style="dim", highlight=False)
    for plugin in registry.broken:
        console.print(f"Broken {plugin}: {plugin.broken}", style="red", markup=False, highlight=False, soft_wrap=True)


def show(
    name: Annotated[str, typer.Argument(help="A learner, a strategy or a scenario (name or TOML path).")],
) -> None:
    """Show the settings of a learner, strategy or scenario: type, default and range."""
    from ffcl.registry import installed

    registry = installed()
    registry.check()
    if name in registry.learners:
        _show(name, "learner", registry.learners[name])
    elif name in registry.strategies:
        _show(name, "strategy", registry.strategies[name])
    elif name in registry.scenarios or name.endswith(".toml"):
        _show_scenario(registry.scenario(name))
    else:
        raise unknown_name("name", name, [*registry.learners, *registry.strategies, *registry.scenarios])


def _show(name: str, kind: str, offer: Offer[LearnerSpec] | Offer[StrategySpec]) -> None:
    console = Console()
    console.print(f"[bold]{name}[/] ({kind}, {offer.plugin.distribution} {offer.plugin.version})", highlight=False)
    console.print(offer.item.summary, markup=False)
    console.print(_settings(name, offer.item.hyperparameters.fields(), {}))


def _show_scenario(offer: Offer[Scenario]) -> None:
    scenario, console = offer.item, Console()
    console.print(
        f"[bold]{scenario.name}[/] (scenario, {offer.plugin.distribution} {offer.plugin.version})",
        highlight=False,
    )
    console.print(scenario.summary, markup=False)
    parts = scenario.parts().values()
    values = {name: value for part in parts for name, value in part.to_mapping().items()}
    fields = [field for part in parts for field in part.fields()]
    console.print(_settings(scenario.name, fields, values))
    outline = scenario.outline(0)
    table = Table(
        title="Experiences of seed 0",
        title_justify="left",
        box=None,
        header_style="bold",
        padding=(0, 2, 0, 0),
    )
    table.add_column("experience", justify="right")
    table.add_column("classes of the data set")
    for number, classes in enumerate(outline, start=1):
        table.add_row(str(number), ", ".join(map(str, classes)))
    console.print(table)


def _described(field: Field) -> str:
    condition = "only if " + " and ".join(map(str, field.only_if)) if field.only_if else ""
    return "; ".join(filter(None, (field.description, condition, "" if field.tuned else "not tuned")))


def _settings(owner: str, fields: Sequence[Field], values: Mapping[str, object]) -> Table:
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for column in ("setting", "value" if values else "default", "allowed", "what it is"):
        table.add_column(column, overflow="fold")
    for field in fields:
        value = values.get(field.name, field.default)
        text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        table.add_row(*map(escape, (field.name, text, field.allowed, _described(field))))
    if fields:
        table.caption, table.caption_justify = f"Change one with --set {owner}.{fields[0].name}=VALUE", "left"
    else:
        table.add_row("none", "", "", "")
    return table
