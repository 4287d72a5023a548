"""Tuning: Optuna searches the space that a learner and a strategy declare, on data that no evaluation uses.

`space` is what is searched, `protocols` on which data, `objective` what for; `search` is the search itself, without
processes or files; `study` keeps it on disk, `coordinator` has its runs done, and `tuned` is what comes out of it.
"""
