"""Find the plugins, and know for everything they offer where it came from.

pluggy alone is silent about three mishaps: a misspelt hook is never called, the second of two equal names is
dropped, and one failing import stops every command. Here a plugin that cannot be used is listed with its
reason and the others go on; a name taken twice is an error that names both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Generic, TypeVar

import pluggy

from ffcl.errors import PluginError, UsageError, unknown_name
from ffcl.fingerprints import code_fingerprint, packages_of
from ffcl.hookspecs import GROUP, new_manager
from ffcl.mistakes import misspelt_hook, wrong_name, wrong_parameters, wrong_words
from ffcl.scenario import Scenario, read_scenario
from ffcl.specs import LearnerSpec, StrategySpec, StreamSpec, modules_of

T = TypeVar("T")


@dataclass(frozen=True)
class Plugin:
    """An installed plugin; ``broken`` is the reason why it cannot be used."""

    name: str
    module: str
    distribution: str
    version: str
    broken: str | None = None

    def __str__(self) -> str:
        return f"plugin {self.name!r} ({self.module} of {self.distribution} {self.version})"


@dataclass(frozen=True)
class Offer(Generic[T]):
    """Something a plugin offers, and the plugin."""

    item: T
    plugin: Plugin

    @property
    def packages(self) -> tuple[str, ...]:
        """The plugin's package, and those that the offer points into."""
        return packages_of((self.plugin.module, *modules_of(self.item)))

    @property
    def code(self) -> str:
        """The fingerprint of the code behind it."""
        return code_fingerprint(*self.packages)


@dataclass
class Registry:
    """Everything the installed plugins offer, by name."""

    manager: pluggy.PluginManager = field(default_factory=new_manager)
    plugins: dict[str, Plugin] = field(default_factory=dict)

    def add(self, plugin: Plugin, load: Callable[[], object]) -> None:
        """Load one plugin; what goes wrong becomes its ``broken`` reason.

        Raises:
            PluginError: another plugin has this name.
        """
        if plugin.name in self.plugins:
            raise PluginError(
                f"Two plugins are called {plugin.name!r}: {self.plugins[plugin.name]} and {plugin}. Uninstall one."
            )
        reason = None
        try:
            module = load()
            reason = misspelt_hook(module)
            if reason is None:
                new_manager().register(module)  # a rehearsal: pluggy checks the arguments of each hook
                self.manager.register(module, name=plugin.name)
        except (Exception, SystemExit) as error:  # whatever a stranger's module raises must not stop the others
            reason = f"{type(error).__name__}: {error}"
        self.set_broken(plugin, reason)

    def set_broken(self, plugin: Plugin, broken: str | None) -> None:
        """Note why a plugin cannot be used; None: it can."""
        self.plugins[plugin.name] = replace(plugin, broken=broken)

    def call(self, hook: str, of: str | None = None, **arguments: object) -> Iterator[tuple[Any, Plugin]]:
        """Call a hook plugin by plugin, so that each result has an owner and each failure a culprit.

        Args:
            hook: its name.
            of: the one plugin whose hook is called; None calls that of each.
            arguments: of the hook.
        """
        caller = getattr(self.manager.hook, hook)
        for implementation in sorted(caller.get_hookimpls(), key=lambda i: i.plugin_name):
            if of not in (None, implementation.plugin_name):
                continue
            plugin = self.plugins[implementation.plugin_name]
            try:
                wanted = {name: arguments[name] for name in implementation.argnames}
                offered = list(implementation.function(**wanted) or ())
            except (Exception, SystemExit) as error:
                self.set_broken(plugin, f"{hook} raised {type(error).__name__}: {error}")
                continue
            for item in offered:
                yield item, plugin

    def _named(self, hook: str, kind: type[T]) -> dict[str, Offer[T]]:
        found: dict[str, Offer[T]] = {}
        for item, plugin in self.call(hook):
            if not isinstance(item, kind):
                self.set_broken(plugin, f"{hook} offered a {type(item).__name__}, not a {kind.__name__}")
                continue
            name: str = item.name  # type: ignore[attr-defined]
            if reason := wrong_name(name) or wrong_parameters(item) or wrong_words(item):
                self.set_broken(plugin, reason)
                continue
            _insert(found, name, item, plugin)
        return found

    @cached_property
    def learners(self) -> dict[str, Offer[LearnerSpec]]:
        """Every learner on offer."""
        return self._named("ffcl_learners", LearnerSpec)

    @cached_property
    def strategies(self) -> dict[str, Offer[StrategySpec]]:
        """Every strategy on offer."""
        return self._named("ffcl_strategies", StrategySpec)

    @cached_property
    def streams(self) -> dict[str, Offer[StreamSpec]]:
        """Every kind of stream on offer."""
        return self._named("ffcl_streams", StreamSpec)

    @cached_property
    def scenarios(self) -> dict[str, Offer[Scenario]]:
        """Every scenario on offer."""
        found: dict[str, Offer[Scenario]] = {}
        for path, plugin in self.call("ffcl_scenarios"):
            try:
                scenario = read_scenario(Path(path), self.stream_specs)
            except (UsageError, TypeError) as error:
                self.set_broken(plugin, str(error))
                continue
            if reason := wrong_name(scenario.name):
                self.set_broken(plugin, f"{path}: {reason}")
                continue
            _insert(found, scenario.name, scenario, plugin)
        return found

    @property
    def stream_specs(self) -> dict[str, StreamSpec]:
        """Every kind of stream, without its origin."""
        return {name: offer.item for name, offer in self.streams.items()}

    @property
    def broken(self) -> list[Plugin]:
        """The plugins that cannot be used (complete once everything has been asked for)."""
        return [p for p in self.plugins.values() if p.broken]

    def broken_note(self) -> str:
        """What to add to a message about something missing: the plugins that might have offered it."""
        return "".join(f" Broken: {p}: {p.broken}." for p in self.broken)

    def check(self) -> None:
        """Load all offers and make sure that no name is taken by two of them.

        Raises:
            PluginError: a name is taken twice.
        """
        taken: dict[str, Offer[Any]] = {}
        for offers in (self.learners, self.strategies, self.scenarios):
            for name, offer in offers.items():
                _insert(taken, name, offer.item, offer.plugin)

    def get(self, kind: str, name: str, offers: Mapping[str, Offer[T]]) -> Offer[T]:
        """Look up a name.

        Raises:
            UsageError: no such name; the nearest one is offered, and broken plugins are mentioned.
        """
        if name not in offers:
            raise UsageError(f"{unknown_name(kind, name, offers)}{self.broken_note()}")
        return offers[name]

    @staticmethod
    def defaults(offers: Mapping[str, Offer[Any]]) -> list[str]:
        """The names of what is run when nothing is named."""
        return [name for name, offer in offers.items() if offer.item.default]

    def scenario(self, name: str) -> Offer[Scenario]:
        """Look up a scenario by its name, or read it from a path to a TOML file."""
        if name.endswith(".toml") or "/" in name:
            scenario = read_scenario(Path(name), self.stream_specs)
            for offers in (self.learners, self.strategies, self.scenarios):
                if scenario.name in offers:
                    raise UsageError(
                        f"{name}: the name {scenario.name!r} is taken by {offers[scenario.name].plugin}; "
                        "rename the file."
                    )
            if reason := wrong_name(scenario.name):
                raise UsageError(f"{name}: {reason}.")
            return Offer(scenario, self.streams[scenario.spec.name].plugin)
        return self.get("scenario", name, self.scenarios)


def _insert(found: dict[str, Offer[T]], name: str, item: T, plugin: Plugin) -> None:
    if name in found:
        raise PluginError(f"The name {name!r} is taken twice: by {found[name].plugin} and by {plugin}. Uninstall one.")
    found[name] = Offer(item, plugin)


@cache
def installed() -> Registry:
    """The registry of all plugins installed in this environment.

    Raises:
        PluginError: a plugin's name is taken twice.
    """
    registry = Registry()
    for entry in sorted(entry_points(group=GROUP), key=_order):
        distribution = entry.dist
        plugin = Plugin(
            entry.name,
            entry.module,
            distribution.name if distribution else "?",
            distribution.version if distribution else "?",
        )
        registry.add(plugin, entry.load)
    return registry


def _order(entry: EntryPoint) -> tuple[str, str]:
    return entry.name, entry.dist.name if entry.dist else ""
