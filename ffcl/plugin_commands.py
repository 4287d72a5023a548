"""The commands that plugins add to ffcl's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

from ffcl.errors import PluginError
from ffcl.registry import Plugin, Registry


def with_plugin_commands(app: typer.Typer, own: Iterable[str], registry: Registry) -> TyperGroup:
    """The command line of ``app`` and the plugins; one whose commands cannot be built is broken, and adds none.

    Args:
        app: ffcl's own commands.
        own: their names.
        registry: where the plugins are.

    Raises:
        PluginError: a command's name is taken twice.
    """
    group = get_group(app)
    owners = dict.fromkeys(own, "ffcl itself")
    for plugin in sorted(registry.plugins.values(), key=lambda plugin: plugin.name):
        for name, command in _commands(app, plugin, registry).items():
            if name in owners:
                raise PluginError(
                    f"The command {name!r} is taken twice: by {owners[name]} and by {plugin}. Uninstall one."
                )
            owners[name] = str(plugin)
            group.add_command(command, name)
    return group


def _commands(app: typer.Typer, plugin: Plugin, registry: Registry) -> Mapping[str, Any]:
    """What one plugin adds, by name."""
    added = typer.Typer(rich_markup_mode=app.rich_markup_mode)
    list(registry.call("ffcl_commands", of=plugin.name, app=added))
    try:
        return get_group(added).commands
    except (Exception, SystemExit) as error:  # of parameters that Typer does not know, say
        registry.set_broken(plugin, f"its commands cannot be built: {type(error).__name__}: {error}")
        return {}
