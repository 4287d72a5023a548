"""Building blocks of learning rules, for plugins to share; their source counts as part of a learner's own.

Forward-Forward and its Hebbian form differ in what a neuron does; which label is shown, what a layer's goodness
says of it, and how that modulates the synapses is the same, and stands here.
"""
