"""A tiny set-up to reproduce, and its published values."""

from __future__ import annotations

TINY = """
title = "A tiny set-up"
source = "nowhere"
summary = "two learners on the digits"
seeds = 2

[scenarios.classes]
scenario = "split-digits"
settings = { epochs = 1, experiences = 2 }
[scenarios.domains]
scenario = "split-digits-domain"
settings = { epochs = 1, experiences = 2 }

[learners.BP]
learner = "bp"
settings = { hidden = 20 }
[learners.FF]
learner = "ff"

[strategies.nothing]
strategy = "none"
[strategies."replay, sgd"]
strategy = "replay"
settings = { buffer = 20 }
learner_settings = { lr = 0.01 }
by_scenario = { domains = { buffer = 40 } }
"""
HEADER = "scenario,learner,strategy,value,spread,read\n"
VALUES = HEADER + "classes,BP,nothing,50,50,table\ndomains,BP,nothing,1,,figure\n"
