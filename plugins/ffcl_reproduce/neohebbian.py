"""The claims of arXiv 2406.16479, one after the other.

Terres-Escudero, Del Ser & García-Bringas (2024), Emerging NeoHebbian Dynamics in Forward-Forward Learning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import matplotlib as mpl
import numpy as np
import torch
from matplotlib.figure import Figure
from rich.console import Console

from ffcl.figures import STYLE, save_figure
from ffcl.plan import make_plan
from ffcl.randomness import RandomSequence, reproducible
from ffcl_reproduce import figures, latents
from ffcl_reproduce.agreement import STEPS, agreements
from ffcl_reproduce.configurations import CONFIGURATIONS, EXPLAINED, EXPLANATION, published
from ffcl_reproduce.equivalence import BOUND, equivalences
from ffcl_reproduce.neohebbian_bench import Bench
from ffcl_reproduce.report import Section, compared, interval, write_report

TITLE = "Forward-Forward as a neo-Hebbian rule"
EMBEDDED = 2000
PENALTIES = (0.0, 3e-4, 1e-3, 3e-3, 1e-2)


def equivalence(bench: Bench) -> Section:
    """The gradient is the three-factor update."""
    experience = bench.stream().experiences[0]
    train, n_classes = experience.train, experience.classes[-1] + 1
    n = min(128, len(train))
    images, right = train.inputs(torch.arange(n)).flatten(1), train.y[:n]
    labels = torch.cat([right, (right + 1) % n_classes])
    with RandomSequence(0):
        codes = (torch.rand(n_classes, 100) < 0.3).float()
        batches = {
            "random": 0.3 * torch.rand(2 * n, 884),  # goodness of the size that images make
            bench.scenario: torch.cat([images.repeat(2, 1), codes[labels]], dim=1),
        }
        found = list(equivalences(batches))
    section = Section(
        "Equivalence: |three-factor update - autograd gradient| / |gradient|, float64",
        ("batch", "probability", "activation", "weights", "biases", f"< {BOUND:g}"),
        [
            (e.batch, e.probability, e.activation, f"{e.weights:.1e}", f"{e.biases:.1e}", "yes" if e.holds else "NO")
            for e in found
        ],
    )
    held = sum(e.holds for e in found)
    section.remarks.append(
        f"{held} of {len(found)} comparisons hold. One layer of 200 neurons, {n} samples with a right and a wrong "
        "label each; norms are Frobenius norms."
    )
    return section


def time_steps(bench: Bench) -> Section:
    """The spiking update approaches the analog one."""
    train = bench.stream().experiences[0].train
    batches = [(train.inputs(i), train.y[i]) for i in torch.arange(len(train)).split(200)[:5]]
    with reproducible(0), RandomSequence(0):
        found = list(agreements(bench.registry, batches))
    section = Section(
        "Cosine between spiking and analog update, by time steps",
        ("encoding, leak, probability", *(str(n) for n in STEPS)),
    )
    for key in dict.fromkeys((a.encoding, a.leak, a.probability) for a in found):
        cosines = [a.cosine for a in found if (a.encoding, a.leak, a.probability) == key]
        section.rows.append((f"{key[0]}, {key[1]:g}, {key[2]}", *(f"{c:.3f}" for c in cosines)))
    section.remarks.append(
        "First layer, random weights, the same wrong labels for both; mean over 5 batches of 200. A neuron never "
        "answers a constant current below its threshold, (1 - leak) gain, so with leak 0.85 the weaker currents are "
        "lost however long the presentation; Bernoulli spikes carry them over it now and then. With Bernoulli spikes "
        "synapses change in the last third of a presentation, and the trace is a running average over about 1 / (1 - "
        "leak) steps: with leak 0.99 it needs about 100 steps to fill, and until then the sigmoid form takes every "
        "goodness for too low."
    )
    section.figures = _save(figures.agreement_figure(found), bench.output / "agreement")
    return section


def training(bench: Bench) -> Section:
    """Accuracy and latents of the six configurations."""
    plans = {
        c.name: c.plan(bench.registry, bench.scenario, bench.epochs, range(bench.seeds_of(c)))
        for c in CONFIGURATIONS
        if bench.seeds_of(c)
    }
    trained = bench.train(plans)
    section = Section(
        f"The six configurations: {bench.scenario}, {bench.epochs} epochs",
        ("configuration", "seeds", "measure", "here", "printed", "here is"),
    )
    mean: dict[str, dict[str, float]] = {}
    means, embedded = {}, {}
    for name, runs in trained.items():
        seen = [bench.latents(run) for run in runs]
        measures = {
            "accuracy": [bench.accuracy(run) for run in runs],
            "hoyer": [latents.hoyer(s.shown) for s in seen],
            "separability": [latents.separability(s.shown, s.y) for s in seen],
            "... if predicted": [latents.separability(s.predicted, s.y) for s in seen],
            "active": [latents.active_share(s.shown) for s in seen],
            "silent": [latents.silent_share(s.shown) for s in seen],
        }
        mean[name] = {measure: float(np.mean(values)) for measure, values in measures.items()}
        if name.startswith("spiking"):
            measures["firing rate"] = [float(s.shown.mean()) for s in seen]
        for measure, values in measures.items():
            printed = published().get(name, {}).get(measure) if bench.as_printed else None
            first = (name, str(len(runs))) if measure == "accuracy" else ("", "")
            section.rows.append((*first, measure, *compared(values, printed, 1 if measure == "accuracy" else 3)))
        means[name] = latents.class_means(seen[0].shown, seen[0].y)
        some = slice(0, EMBEDDED)
        embedded[name] = latents.embedding(seen[0].shown[some]), seen[0].y[some].numpy()
    section.remarks.append(
        "Mean ± half of the 95% t interval over seeds; `inside` if the printed value, which is of one run, lies in it. "
        "Of one seed there is no interval, so `here is` stays empty. "
        "Latents are the layer's activity on the test samples beside their right labels, as in the source; since that "
        "shows the label, separability is also given beside the predicted ones (`... if predicted`). `active`: the "
        "share of neurons that answer a sample; `silent`: the share that answer none of all; `firing rate`: spikes a "
        "neuron and step."
    )
    section.remarks.append(_why(mean[EXPLAINED], mean[EXPLANATION]))
    section.remarks.append(
        "Differences from the source: both phases of a sample are in every batch (there one of the two, at random); "
        "the changes of one presentation are summed and applied by Adam at its end (there at every late step); the "
        "eligibility trace does not decay into the next step; the samples of a batch share the spikes of a label's "
        "code; threshold, step size and slope of the spiking and the sigmoid forms, and the floor of the analog "
        "symmetric one, which we did not find printed, were chosen on 10,000 held-out training images."
    )
    section.figures = _save(figures.activity_figure(means), bench.output / "activity")
    section.figures += _save(figures.embedding_figure(embedded), bench.output / "embedding")
    return section


def _why(printed_step: dict[str, float], smaller_step: dict[str, float]) -> str:
    """What the step size does to the analog sigmoid form, in the numbers measured."""
    return (
        f"{EXPLAINED}: with Adam at the printed step size of 0.01, {printed_step['silent']:.0%} of the neurons answer "
        f"no test sample. With 0.001 and all else equal it is {smaller_step['silent']:.0%}, and the accuracy "
        f"{smaller_step['accuracy']:.1f} in place of {printed_step['accuracy']:.1f}."
    )


def trade_off(bench: Bench) -> Section:
    """What a spike is worth: the rate penalty on ffcl's own recipe."""
    recipes: dict[str, dict[str, object]] = {
        "sigmoid, pairs": {},
        "symmetric, pairs": {"probability": "symmetric", "epsilon": 1.0},
        "symmetric, each": {"probability": "symmetric", "contrast": "each", "negatives": "random"},
    }
    plans, scenario = {}, bench.registry.scenario(bench.scenario).item.name
    for recipe, changes in recipes.items():
        for penalty in PENALTIES if recipe.startswith("sigmoid") else PENALTIES[:1]:
            settings: dict[str, object] = {"lr": 1e-3, "schedule": "cosine", "rate_penalty": penalty, **changes}
            named = {f"hebbian.{k}": v for k, v in settings.items()}
            named |= {f"{scenario}.epochs": bench.epochs}
            plans[f"{recipe}|{penalty:g}"] = make_plan(
                bench.registry, ["hebbian"], ["none"], [bench.scenario], range(bench.seeds), named
            )
    trained = bench.train(plans)
    section = Section(
        f"Accuracy against firing rate: ffcl's own spiking recipe, {bench.scenario}, {bench.epochs} epochs",
        ("recipe", "rate penalty", "seeds", "accuracy %", "rate", "Hoyer"),
    )
    curves: dict[str, list[tuple[float, float, str]]] = {recipe: [] for recipe in recipes}
    for name, runs in trained.items():
        recipe, _, penalty_text = name.partition("|")
        seen = [bench.latents(run) for run in runs]
        accuracy = [bench.accuracy(run) for run in runs]
        rates = [float(s.shown.mean()) for s in seen]
        sparsity = interval([latents.hoyer(s.shown) for s in seen], 3)
        section.rows.append((recipe, penalty_text, str(len(runs)), interval(accuracy, 2), interval(rates, 3), sparsity))
        curves[recipe].append((float(np.mean(rates)), float(np.mean(accuracy)), penalty_text))
    section.remarks.append(
        "This recipe differs from the source in encoding (constant current), contrast (pairs), negatives (hard) and "
        "input (mean square 1): its accuracies are not a reproduction of theirs. `symmetric, each` has the source's "
        "contrast and random negatives, on the constant current."
    )
    marks = {
        f"printed, {name} (other recipe)": published()[name]["accuracy"]
        for name in ("spiking batched symmetric", "spiking online symmetric")
        if bench.as_printed
    }
    section.figures = _save(figures.trade_off_figure(curves, marks), bench.output / "trade-off")
    return section


PARTS: dict[str, Callable[[Bench], Section]] = {
    "equivalence": equivalence,
    "time-steps": time_steps,
    "training": training,
    "trade-off": trade_off,
}


def reproduce_neohebbian(bench: Bench, parts: list[str], console: Console) -> Path:
    """Check the claims, print each as it is done, and write the report.

    Raises:
        UsageError: the scenario does not fit.
    """
    bench.check()
    sections = []
    for section in _sections(bench, parts):
        section.show(console)
        sections.append(section)
    introduction = (
        "The claims of arXiv 2406.16479 (Terres-Escudero, Del Ser & García-Bringas 2024), checked by "
        "`ffcl reproduce neohebbian`. Printed values are those of the source's notebook, after epoch 10."
    )
    return write_report(bench.output, TITLE, introduction, sections)


def _sections(bench: Bench, parts: list[str]) -> Iterator[Section]:
    with mpl.rc_context(STYLE):
        for part in parts:
            yield PARTS[part](bench)


def _save(figure: Figure, stem: Path) -> list[Path]:
    return [path for path in save_figure(figure, stem) if path.suffix == ".png"]
