from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, make_dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from ffcl import LearnerSpec, Parameters, StreamSpec, hookimpl
from ffcl.errors import PluginError, UsageError
from ffcl.fingerprints import code_fingerprint
from ffcl.plan import make_plan
from ffcl.registry import Plugin, Registry, installed
from ffcl.specs import StrategySpec, resolve


def plugin(name: str) -> Plugin:
    return Plugin(name, f"{name}_module", f"{name}-dist", "1.0")


def offering(name: Any, **options: Any) -> SimpleNamespace:
    spec = LearnerSpec(name, "a learner", Parameters, "nowhere:Nothing", **options)
    return SimpleNamespace(ffcl_learners=hookimpl(lambda: [spec]))


def acting(needs: Any) -> SimpleNamespace:
    spec = StrategySpec("act", "a strategy", Parameters, "nowhere:nothing", needs=needs)
    return SimpleNamespace(ffcl_strategies=hookimpl(lambda: [spec]))


def test_the_built_in_offers_come_in_by_the_door_of_strangers() -> None:
    registry = installed()
    assert {"bp", "ff", "hebbian"} <= set(registry.learners)
    assert {"none", "replay"} <= set(registry.strategies)
    assert {"split-digits", "split-mnist-task", "joint-fashion-mnist", "permuted-mnist"} <= set(registry.scenarios)
    assert registry.learners["ff"].plugin.distribution == "ffcl"
    assert registry.broken == []


def test_a_failing_import_is_listed_and_stops_nobody() -> None:
    registry = Registry()

    def fail() -> ModuleType:
        raise ImportError("No module named 'brian3'")

    registry.add(plugin("bad"), fail)
    registry.add(plugin("good"), lambda: offering("mine"))
    assert list(registry.learners) == ["mine"]
    assert [(p.name, p.broken) for p in registry.broken] == [("bad", "ImportError: No module named 'brian3'")]


def test_a_hook_that_raises_is_listed_and_stops_nobody() -> None:
    registry = Registry()

    def explode() -> None:
        raise RuntimeError("boom")

    registry.add(plugin("bad"), lambda: SimpleNamespace(ffcl_learners=hookimpl(explode)))
    registry.add(plugin("good"), lambda: offering("mine"))
    assert list(registry.learners) == ["mine"]
    assert registry.broken[0].broken == "ffcl_learners raised RuntimeError: boom"


def test_parameters_that_are_declared_wrongly_are_listed_and_stop_nobody() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Wrong(Parameters):
        width: int | None = None

    registry = Registry()
    wrong = LearnerSpec("wrong", "a learner", Wrong, "nowhere:Nothing")
    registry.add(plugin("bad"), lambda: SimpleNamespace(ffcl_learners=hookimpl(lambda: [wrong])))
    registry.add(plugin("good"), lambda: offering("mine"))
    assert list(registry.learners) == ["mine"]
    reason = "the parameters of 'wrong': Field 'width': union types are not supported."
    assert [(p.name, p.broken) for p in registry.broken] == [("bad", reason)]


@pytest.mark.parametrize("name", ["epochs", "batch_size", "samples", "kind"])
def test_a_parameter_of_a_stream_called_like_one_of_every_scenario_is_listed(name: str) -> None:
    taken = make_dataclass("Taken", [(name, int, 3)], bases=(Parameters,), frozen=True, kw_only=True)
    bad, good = (
        StreamSpec(n, "x", p, "nowhere:outline", "nowhere:build") for n, p in (("bad", taken), ("good", Parameters))
    )
    registry = Registry()
    registry.add(plugin("bad"), lambda: SimpleNamespace(ffcl_streams=hookimpl(lambda: [bad])))
    registry.add(plugin("good"), lambda: SimpleNamespace(ffcl_streams=hookimpl(lambda: [good])))
    assert list(registry.streams) == ["good"]
    reason = f"the parameters of 'bad': {name!r} is one of every scenario already; call it otherwise"
    assert [(p.name, p.broken) for p in registry.broken] == [("bad", reason)]


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        (
            SimpleNamespace(ffcl_learner=hookimpl(lambda: [])),
            "it implements 'ffcl_learner', which is no hook. Unknown hook",
        ),
        (SimpleNamespace(ffcl_learners=lambda: []), "lacks the decorator @hookimpl"),
        (SimpleNamespace(ffcl_learners=hookimpl(lambda registry: [])), "PluginValidationError"),
        (SimpleNamespace(ffcl_learners=hookimpl(lambda: ["ff"])), "offered a str, not a LearnerSpec"),
        (
            offering("mine", rule="gradiant"),
            "rule of 'mine': Unknown rule 'gradiant'. Did you mean 'gradient'? Known: gradient, observe",
        ),
        (
            offering("mine", offers=frozenset({"scores", "feature"})),
            "offers of 'mine': Unknown offer 'feature'. Did you mean 'features'? Known: features, scores",
        ),
        (offering("mine", offers=["scores"]), "offers of 'mine' is a list, not a frozenset of scores, features"),
        (
            acting(frozenset({"gradients"})),
            "needs of 'act': Unknown need 'gradients'. Did you mean 'gradient'? Known: features, gradient, scores",
        ),
        (acting(frozenset("gradient")), "needs of 'act': Unknown need 'a'."),  # a set of letters
    ],
)
def test_a_mistake_in_a_hook_is_explained(module: SimpleNamespace, reason: str) -> None:
    registry = Registry()
    registry.add(plugin("bad"), lambda: module)
    assert dict(registry.learners) == dict(registry.strategies) == {}
    assert reason in (registry.broken[0].broken or "")


def test_a_misspelt_hook_names_the_nearest() -> None:
    registry = Registry()
    registry.add(plugin("bad"), lambda: SimpleNamespace(ffcl_learnres=hookimpl(lambda: [])))
    assert "Did you mean 'ffcl_learners'?" in (registry.broken[0].broken or "")


def test_a_name_taken_twice_names_both_culprits() -> None:
    registry = Registry()
    registry.add(plugin("one"), lambda: offering("mine"))
    registry.add(plugin("two"), lambda: offering("mine"))
    with pytest.raises(PluginError) as error:
        registry.check()
    assert str(error.value) == (
        "The name 'mine' is taken twice: by plugin 'one' (one_module of one-dist 1.0) "
        "and by plugin 'two' (two_module of two-dist 1.0). Uninstall one."
    )


def test_a_learner_may_not_be_called_like_a_strategy(registry_with: Callable[..., Registry]) -> None:
    registry = registry_with(learners=[LearnerSpec("replay", "x", Parameters, "nowhere:Nothing")])
    with pytest.raises(PluginError, match="The name 'replay' is taken twice"):
        registry.check()


def test_two_entry_points_of_one_name_are_an_error() -> None:
    registry = Registry()
    registry.add(plugin("one"), lambda: offering("mine"))
    with pytest.raises(PluginError, match=r"Two plugins are called 'one': .*one-dist 1.0.* and .*one-dist 1.0"):
        registry.add(plugin("one"), lambda: offering("other"))


def test_a_name_must_be_fit_for_a_folder(tmp_path: Path) -> None:
    """One that is not is listed and stops nobody."""
    path = tmp_path / "my_split.toml"
    path.write_text('summary = "mine"\n[stream]\nkind = "split"\ndataset = "digits"\n')
    registry = Registry()
    registry.add(plugin("one"), lambda: offering("My Learner"))
    registry.add(plugin("two"), lambda: SimpleNamespace(ffcl_scenarios=hookimpl(lambda: [path])))
    registry.add(plugin("three"), lambda: offering(3))
    registry.add(plugin("good"), lambda: offering("mine"))
    registry.add(plugin("streams"), lambda: installed().manager.get_plugin("scenarios"))
    registry.check()
    assert list(registry.learners) == ["mine"]
    assert "split-digits" in registry.scenarios
    rule = "names are lower-case letters and digits joined by single hyphens, got"
    assert [(p.name, p.broken) for p in registry.broken] == [
        ("one", f"{rule} 'My Learner'"),
        ("two", f"{path}: {rule} 'my_split'"),
        ("three", f"{rule} 3"),
    ]


@pytest.mark.parametrize("offer", [None, 5])
def test_a_scenario_that_is_no_path_is_listed_and_stops_nobody(offer: object) -> None:
    registry = Registry()
    registry.add(plugin("bad"), lambda: SimpleNamespace(ffcl_scenarios=hookimpl(lambda: [offer])))
    registry.check()
    assert [p.name for p in registry.broken] == ["bad"]


def test_a_plugin_that_exits_is_listed_and_stops_nobody() -> None:
    registry = Registry()

    def leave() -> ModuleType:
        sys.exit("this plugin needs Windows")

    registry.add(plugin("bad"), leave)
    registry.add(plugin("worse"), lambda: SimpleNamespace(ffcl_learners=hookimpl(leave)))
    registry.add(plugin("good"), lambda: offering("mine"))
    assert list(registry.learners) == ["mine"]
    assert [p.broken for p in registry.broken] == [
        "SystemExit: this plugin needs Windows",
        "ffcl_learners raised SystemExit: this plugin needs Windows",
    ]


def test_an_unknown_name_offers_the_nearest_and_mentions_broken_plugins() -> None:
    registry = Registry()

    def fail() -> ModuleType:
        raise ImportError("no gpu")

    registry.add(plugin("bad"), fail)
    registry.add(plugin("good"), lambda: offering("mine"))
    with pytest.raises(UsageError) as error:
        registry.get("learner", "mime", registry.learners)
    assert "Unknown learner 'mime'. Did you mean 'mine'? Known: mine." in str(error.value)
    assert "Broken: plugin 'bad' (bad_module of bad-dist 1.0): ImportError: no gpu." in str(error.value)


def test_a_scenario_may_be_a_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('summary = "mine"\n[stream]\nkind = "split"\ndataset = "digits"\nexperiences = 2\n')
    assert installed().scenario(str(path)).item.name == "mine"


def test_a_path_may_not_shadow_an_installed_scenario(tmp_path: Path) -> None:
    path = tmp_path / "split-digits.toml"
    path.write_text('summary = "mine"\n[stream]\nkind = "split"\ndataset = "digits"\n')
    with pytest.raises(UsageError, match=r"the name 'split-digits' is taken by plugin 'scenarios'"):
        installed().scenario(str(path))


def test_the_fingerprint_follows_the_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fingerprint(name: str, source: str) -> str:
        (tmp_path / f"{name}.py").write_text(source)
        __import__(name)
        return code_fingerprint(name)

    monkeypatch.syspath_prepend(tmp_path)
    package = tmp_path / "ffcl_fingerprint_c"
    package.mkdir()
    (package / "__init__.py").write_text("from ffcl_fingerprint_c import plugin, rule\n")
    (package / "plugin.py").write_text("")
    (package / "rule.py").write_text("x = 1\n")
    __import__("ffcl_fingerprint_c")
    before = code_fingerprint("ffcl_fingerprint_c.plugin")
    (package / "rule.py").write_text("x = 2\n")
    code_fingerprint.cache_clear()
    assert code_fingerprint("ffcl_fingerprint_c.plugin") != before  # the rule beside the plugin's own module
    edited = code_fingerprint("ffcl_fingerprint_c.plugin")
    (package / ".#rule.py").symlink_to("somebody@somewhere.1234")  # an editor's lock
    (package / ".ipynb_checkpoints").mkdir()
    (package / ".ipynb_checkpoints" / "rule-checkpoint.py").write_text("x = 1\n")
    code_fingerprint.cache_clear()
    assert code_fingerprint("ffcl_fingerprint_c.plugin") == edited
    first = fingerprint("ffcl_fingerprint_a", "x = 1\n")
    assert len(first) == 12
    assert fingerprint("ffcl_fingerprint_b", "x = 2\n") != first


@pytest.mark.parametrize(
    ("rule", "imported"),
    [("ffcl_mine_a:Mine", False), ("ffcl_mine_lab.rules.mine:Mine", False), ("ffcl_mine_b:Mine", True)],
)
def test_a_rule_outside_the_plugins_own_package_is_code_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rule: str, imported: bool
) -> None:
    """In a module beside it, in a package inside a namespace package, or given as a class."""
    package = tmp_path / "ffcl_mine_lab" / "rules"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    file = tmp_path / f"{rule.partition(':')[0].replace('.', '/')}.py"
    file.write_text("class Mine: pass\n")
    monkeypatch.syspath_prepend(tmp_path)

    def key() -> str:
        spec = LearnerSpec("mine", "a learner", Parameters, resolve(rule) if imported else rule)
        registry = Registry()
        registry.add(plugin("mine"), lambda: SimpleNamespace(ffcl_learners=hookimpl(lambda: [spec])))
        for other in ("strategies", "scenarios"):
            registry.add(installed().plugins[other], lambda name=other: installed().manager.get_plugin(name))
        code_fingerprint.cache_clear()
        return make_plan(registry, ["mine"], ["none"], ["split-digits"], [0]).runs[0].key

    first = key()
    assert key() == first
    file.write_text("class Mine: ...\n")
    assert key() != first
    assert imported or rule.partition(":")[0] not in sys.modules  # planning imports no torch
