"""A published set-up run here: published values and ours side by side, as tables, a CSV file and a figure."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
from rich.console import Console

from ffcl.environment import hardware
from ffcl.figures import STYLE, save_figure
from ffcl.progress import Summary, describe_seconds, run_plan
from ffcl.records import write_atomically
from ffcl.registry import Registry
from ffcl.statistics import t_interval
from ffcl_reproduce.cells import Outcome, join, make_cells, outcome
from ffcl_reproduce.dots import dots
from ffcl_reproduce.published import TOLERANCE
from ffcl_reproduce.report import Section, interval, write_report
from ffcl_reproduce.setup_file import PublishedSetup, Settings

COLUMNS = ("strategy", "learner", "seeds", "published", "ours", "ours is", "train s")
WITHIN = f"`inside`: |ours - published| <= spread + {TOLERANCE:g} points."
LEGEND = (
    "Accuracy in per cent, the mean over the experiences at the end. Published: value ± spread, ~ if read off a "
    "figure. Ours: mean ± half of the 95% t interval over seeds. `train s`: seconds of training a run."
)


@dataclass(frozen=True)
class Reproduction:
    """What has been written.

    Attributes:
        report: its path.
        complete: whether no run failed.
    """

    report: Path
    complete: bool


def reproduce_setup(
    setup: PublishedSetup,
    registry: Registry,
    only: Sequence[str],
    seeds: int,
    results: Path,
    data_root: Path,
    workers: int,
    output: Path,
    console: Console,
) -> Reproduction:
    """Run a set-up, print the published values and ours, and write report, CSV file and figure into ``output``.

    Raises:
        UsageError: something in the set-up does not fit, or there is no such label; nothing has been run.
        DataError: data is missing.
    """
    cells = make_cells(setup, setup.labels(only), seeds, registry)
    plan = join(cells)
    summary = run_plan(plan, results, data_root, workers)
    summary.raise_without_data()
    outcomes = [outcome(cell, results) for cell in cells]

    sections = []
    for label, scenario in setup.scenarios.items():
        of_scenario = [o for o in outcomes if o.cell.label[0] == label]
        if of_scenario:
            sections.append(_section(label, scenario.name, of_scenario))
            sections[-1].show(console)
    closing = [_counted(outcomes), *_times(outcomes, summary, len(plan.runs), workers)]
    for line in (LEGEND, *closing):
        console.print(line, markup=False, highlight=False)
    with mpl.rc_context(STYLE):
        figures = [path for path in save_figure(dots(outcomes), output / setup.name) if path.suffix == ".png"]
    summing_up = _settings(setup, outcomes)
    summing_up.remarks, summing_up.figures = closing, figures
    write_atomically(output / f"{setup.name}.csv", _to_csv(outcomes))
    introduction = f"{setup.source}, run by `ffcl reproduce`: {setup.summary}. {LEGEND}"
    return Reproduction(write_report(output, setup.title, introduction, [*sections, summing_up]), not summary.failures)


def _section(label: str, scenario: str, outcomes: Sequence[Outcome]) -> Section:
    section = Section(f"{label} ({Path(scenario).stem})", COLUMNS)
    for o in outcomes:
        _, learner, strategy = o.cell.label
        done, planned = len(o.accuracies), len(o.cell.runs)
        ours = interval(o.accuracies, 2) if done else "refused" if o.cell.refusal else "failed"
        section.rows.append(
            (
                strategy,
                learner,
                str(done) if done == planned else f"{done} of {planned}",
                str(o.cell.published or "-"),
                ours,
                o.verdict or "",
                f"{np.mean(o.train_seconds):.1f}" if done else "",
            )
        )
    section.remarks = [WITHIN]
    section.remarks += [f"{o.cell.label[1]} x {o.cell.label[2]}: {o.problem}." for o in outcomes if o.problem]
    return section


def _counted(outcomes: Sequence[Outcome]) -> str:
    verdicts = Counter(o.verdict for o in outcomes if o.cell.published)
    counts = [f"{verdicts[v]} {v}" for v in ("inside", "above", "below")]
    counts += [f"{verdicts[None]} without a result"] if verdicts[None] else []
    return f"Of {verdicts.total()} cells with a published value: {', '.join(counts)}."


def _times(outcomes: Sequence[Outcome], summary: Summary, runs: int, workers: int) -> list[str]:
    trained = describe_seconds(sum(sum(o.train_seconds) for o in outcomes))
    lines = [f"The {sum(len(o.train_seconds) for o in outcomes)} runs trained for {trained} in all."]
    if runs and summary.counts["done"] == runs:
        machine = hardware()
        by = "one process" if workers < 2 else f"{workers} processes"
        lines.append(
            f"All {runs} runs were made now, in {describe_seconds(summary.seconds)}, by {by} on "
            f"{machine['cores']} cores ({machine['processor']})."
        )
    return lines


def _settings(setup: PublishedSetup, outcomes: Sequence[Outcome]) -> Section:
    section = Section("What was run", ("label", "kind", "here", "settings that differ from its own"))
    shown = [dict.fromkeys(o.cell.label[place] for o in outcomes) for place in range(3)]
    for label in shown[0]:
        scenario = setup.scenarios[label]
        parts = [_in_words(scenario.settings), _of_learner(scenario.learner_settings)]
        section.rows.append((label, "scenario", Path(scenario.name).stem, "; ".join(filter(None, parts))))
    for label in shown[1]:
        learner = setup.learners[label]
        section.rows.append((label, "learner", learner.name, _in_words(learner.settings)))
    for label in shown[2]:
        strategy = setup.strategies[label]
        parts = [_in_words(strategy.settings)]
        parts += [f"{s}: {_in_words(strategy.by_scenario[s])}" for s in shown[0] if s in strategy.by_scenario]
        parts.append(_of_learner(strategy.learner_settings))
        section.rows.append((label, "strategy", strategy.name, "; ".join(filter(None, parts))))
    return section


def _of_learner(settings: Settings) -> str:
    return f"learner: {_in_words(settings)}" if settings else ""


def _in_words(settings: Settings) -> str:
    return ", ".join(f"{key} = {value}" for key, value in settings.items())


def _to_csv(outcomes: Sequence[Outcome]) -> str:
    rows = []
    for o in outcomes:
        scenario, learner, strategy = o.cell.label
        _, low, high = t_interval(o.accuracies)
        printed = o.cell.published
        rows.append(
            {
                "scenario": scenario,
                "learner": learner,
                "strategy": strategy,
                "seeds": len(o.accuracies),
                "published": printed.value if printed else "",
                "spread": printed.spread if printed and printed.spread is not None else "",
                "read": printed.read if printed else "",
                "ours": "" if o.mean is None else f"{o.mean:.3f}",
                "low": f"{low:.3f}" if len(o.accuracies) > 1 else "",
                "high": f"{high:.3f}" if len(o.accuracies) > 1 else "",
                "ours_is": o.verdict or "",
                "train_seconds": f"{np.mean(o.train_seconds):.2f}" if o.train_seconds else "",
                "configuration": o.cell.runs[0].configuration if o.cell.runs else "",
                "problem": o.problem,
            }
        )
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()
