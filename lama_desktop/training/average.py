"""A running average of the generator's weights."""

import copy

import torch

from lama_desktop.networks.generators import Generator
from lama_desktop.training.config import AverageOptions


class Average:
    """Follows a generator slowly; its own `generator`, in evaluation mode, is what validation and export take.

    Before `start` it is the generator itself. Then `decay` counts in full only after many updates: early weights, which
    move fast, would stay in the average for long. BatchNorm statistics are averages already and are copied. (The
    published code has the options, and never uses the copy.)
    """

    def __init__(self, generator: Generator, options: AverageOptions) -> None:
        self.options = options
        self.generator = copy.deepcopy(generator).eval().requires_grad_(False)

    @torch.no_grad()
    def update(self, generator: Generator, step: int) -> None:
        """Take in the weights of `generator` after `step` steps, if it is time."""
        if step > self.options.start and step % self.options.every:
            return
        updates = (step - self.options.start) // self.options.every
        decay = min(self.options.decay, (1 + updates) / (10 + updates)) if updates > 0 else 0.0
        for mine, weight in zip(self.generator.parameters(), generator.parameters(), strict=True):
            mine.lerp_(weight, 1 - decay)
        for kept, new in zip(self.generator.buffers(), generator.buffers(), strict=True):
            kept.copy_(new)
