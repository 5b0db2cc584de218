"""The order in which training takes the items."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from trl.trainer.utils import RepeatSampler

from rft_core.task.mix import Mix


class EpochSampler(RepeatSampler):
    """TRL's sampler with an order that depends on the seed, the epoch and the mix only.

    TRL's own draws each epoch's order from one generator, so a run resumed in its second epoch
    would see the first epoch's order again. With a mix, an epoch has as many prompts as without
    one, and the tasks their shares of them.
    """

    def __init__(self, *arguments: Any, mix: Mix | None = None, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.mix = mix
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of an epoch; the trainer calls it before each."""
        self.epoch = epoch
        if self.shuffle:
            self.generator.manual_seed(self.seed + epoch)

    def __iter__(self) -> Iterator[int]:
        """Yield indexes of items, each as often as TRL wants it."""
        if self.mix is None:
            yield from super().__iter__()
            return
        steps = self.num_samples // self.batch_size
        seed = self.seed if self.shuffle else None
        order = self.mix.order(self.epoch, steps * self.batch_size, seed)
        for step in range(steps):
            batch = order[step * self.batch_size : (step + 1) * self.batch_size]
            for _ in range(self.repeat_count):
                yield from (index for index in batch for _ in range(self.mini_repeat_count))
