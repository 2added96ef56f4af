"""The endless order: each picture once per epoch, the same batches whoever makes them, and what workers survive."""

import itertools
import os
import pickle
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from lama_desktop.errors import FileFormatError, LamaDesktopError, SettingsError
from lama_desktop.training import data
from lama_desktop.training.augment import AUGMENTATIONS
from lama_desktop.training.data import PatchDataset, batches, random_for

SIZE = 8


@dataclass(frozen=True)
class Numbered:
    """Pictures that show their number; some are broken."""

    count: int
    broken: frozenset[int] = frozenset()

    def __len__(self):
        return self.count

    def name(self, index):
        return f"picture {index}"

    def read(self, index):
        if index in self.broken:
            raise FileFormatError(f"picture {index} is broken.")
        return np.full((10, 12, 3), index, np.uint8)


class Noise:
    """Masks of noise: nearly all the random numbers that there are."""

    def draw(self, size, random):
        return random.random_sample(size[::-1]) < 0.5


def as_it_is(image, size, random):
    return image[:size, :size]


def noisy(image, size, random):
    return (image[:size, :size] + random.randint(0, 256, (size, size, 3))).astype(np.uint8)


def numbered(count, seed=0, augment=as_it_is, **more):
    return PatchDataset(Numbered(count, **more), augment, Noise(), SIZE, seed)


def numbers(step):
    """Return which pictures are in the micro-batches of a step."""
    return [int(number) for batch in step for number in batch.images[:, 0, 0, 0]]


def assert_equal(first, second):
    assert len(first) == len(second)
    for one, other in zip(itertools.chain(*first), itertools.chain(*second), strict=True):
        assert torch.equal(one.images, other.images)
        assert torch.equal(one.masks, other.masks)
        assert one.broken == other.broken


def ranks(dataset, world, accumulate=1, **more):
    """Return every step as all ranks together see it: their micro-batches in the order of the ranks."""
    seen = [list(batches(dataset, rank=rank, world=world, accumulate=accumulate, **more)) for rank in range(world)]
    return [list(itertools.chain(*step)) for step in zip(*seen, strict=True)]


def joined(steps):
    return [(torch.cat([b.images for b in step]), torch.cat([b.masks for b in step])) for step in steps]


@pytest.mark.parametrize("world", [1, 2, 3])
@pytest.mark.parametrize("count", [12, 25, 7])
def test_each_picture_comes_once_in_an_epoch_over_all_ranks(world, count):
    batch, epochs = 6, 4
    steps = -(-count * epochs // batch)
    order = [
        number for step in ranks(numbered(count), world, global_batch=batch, stop=steps) for number in numbers(step)
    ]
    for epoch in range(epochs):
        assert sorted(order[epoch * count : (epoch + 1) * count]) == list(range(count))
    assert order[:count] != order[count : 2 * count], "every epoch has an order of its own"


def test_the_order_depends_on_the_seed_only():
    def order(seed):
        return [numbers(step) for step in batches(numbered(200, seed), global_batch=4, stop=10)]

    assert order(1) == order(1)
    assert order(1) != order(2)


def test_the_global_batch_is_the_same_for_any_number_of_ranks_and_parts():
    dataset = numbered(31, augment=noisy)
    expected = joined(ranks(dataset, 1, global_batch=12, stop=5))
    for world, accumulate in [(1, 2), (2, 1), (2, 3), (3, 2), (4, 1), (12, 1)]:
        found = joined(ranks(dataset, world, accumulate, global_batch=12, stop=5))
        for (images, masks), (same_images, same_masks) in zip(expected, found, strict=True):
            assert torch.equal(images, same_images)
            assert torch.equal(masks, same_masks)


def test_two_ranks_see_the_slices_of_one_rank_with_two_parts():
    dataset = numbered(31, augment=noisy)
    assert_equal(ranks(dataset, 2, 1, global_batch=8, stop=4), ranks(dataset, 1, 2, global_batch=8, stop=4))


@pytest.mark.parametrize("start", [0, 1, 5, 9])
def test_resuming_gives_the_same_batches(start):
    dataset = numbered(13, augment=noisy, broken=frozenset({3}))
    whole = list(batches(dataset, global_batch=4, accumulate=2, stop=10))
    assert_equal(list(batches(dataset, global_batch=4, accumulate=2, start=start, stop=10)), whole[start:])
    assert not list(batches(dataset, global_batch=4, start=10, stop=10))


def test_without_a_stop_it_goes_on():
    stream = batches(numbered(5), global_batch=2, start=1_000_000_000_000)
    assert len([next(stream) for _ in range(10)]) == 10


@pytest.mark.parametrize("workers", [1, 2])
def test_the_number_of_workers_changes_nothing(workers):
    dataset = PatchDataset(Numbered(13, frozenset({3})), AUGMENTATIONS["distortions"], Noise(), SIZE, 5)
    alone = list(batches(dataset, global_batch=6, accumulate=2, stop=6))
    assert_equal(alone, list(batches(dataset, global_batch=6, accumulate=2, stop=6, workers=workers)))


@pytest.mark.slow
def test_workers_may_be_spawned():
    dataset = numbered(9, augment=noisy)
    spawned = list(batches(dataset, global_batch=4, stop=3, workers=1, start_method="spawn"))
    assert_equal(list(batches(dataset, global_batch=4, stop=3)), spawned)


def test_a_data_set_pickles():
    dataset = numbered(9, augment=noisy)
    again = pickle.loads(pickle.dumps(dataset))
    np.testing.assert_array_equal(dataset[3].image, again[3].image)


def test_no_two_samples_share_random_numbers():
    keys = [(seed, purpose, number) for seed in (0, 1, 1 << 32) for purpose in (1, 2) for number in range(500)]
    keys += [(0, 2, 1 << 32), (0, 2, 1 << 40), (1 << 63, 2, 0)]
    draws = Counter(tuple(random_for(*key).randint(0, 1 << 32, 2, np.uint32)) for key in keys)
    assert len(draws) == len(keys)

    dataset = numbered(1, augment=noisy)  # one picture: only chance tells its samples apart
    samples = [batch for step in batches(dataset, global_batch=8, stop=40, workers=2) for batch in step]
    assert len({image.numpy().tobytes() for batch in samples for image in batch.images}) == 320
    masks = np.concatenate([batch.masks.numpy() for batch in samples]).reshape(320, -1)
    assert len(np.unique(masks, axis=0)) == 320
    together = np.corrcoef(masks)[np.triu_indices(320, 1)]
    assert abs(together).max() < 6 / SIZE, "no two are alike in parts, either"


def test_nothing_global_is_drawn_from():
    torch.manual_seed(0)
    np.random.seed(0)
    expected = torch.rand(1).item(), np.random.rand()
    torch.manual_seed(0)
    np.random.seed(0)
    list(batches(numbered(9, augment=noisy), global_batch=3, stop=3))
    list(batches(numbered(9, augment=noisy), global_batch=3, stop=1, workers=1))
    assert (torch.rand(1).item(), np.random.rand()) == expected


@pytest.mark.parametrize("workers", [0, 1])
def test_what_a_batch_is(workers):
    (step,) = batches(numbered(9), global_batch=6, accumulate=2, stop=1, workers=workers)
    for batch in step:
        assert batch.images.shape == (3, 3, SIZE, SIZE)
        assert batch.masks.shape == (3, 1, SIZE, SIZE)
        assert (batch.images.dtype, batch.masks.dtype) == (torch.uint8, torch.uint8)
        assert batch.images.is_contiguous(memory_format=torch.channels_last)
        assert set(batch.masks.unique().tolist()) == {0, 1}
        assert batch.broken == ()


@pytest.mark.parametrize("workers", [0, 2])
def test_a_broken_picture_is_replaced_and_named(workers):
    dataset = numbered(10, broken=frozenset({2, 7}))
    steps = list(batches(dataset, global_batch=5, stop=4, workers=workers))
    seen = Counter(name for step in steps for batch in step for name in batch.broken)
    assert set(seen) == {"picture 2", "picture 7"}
    assert min(seen.values()) >= 2, "named in both epochs"
    drawn = Counter(number for step in steps for number in numbers(step))
    assert sum(drawn.values()) == 20
    assert not {2, 7} & set(drawn)
    assert all(drawn[number] >= 2 for number in set(range(10)) - {2, 7}), "the others come as ever"
    assert_equal(steps, list(batches(dataset, global_batch=5, stop=4)))


@pytest.mark.parametrize("workers", [0, 1])
def test_if_nearly_all_are_broken_it_ends(workers):
    stream = batches(numbered(50, broken=frozenset(range(50))), global_batch=5, stop=4, workers=workers)
    with pytest.raises(
        FileFormatError, match=r"^32 training pictures in a row .* The last one: picture \d+ is broken\.$"
    ):
        next(stream)


class Unsuitable:
    def draw(self, size, random):
        raise SettingsError("These masks do not fit.")


@pytest.mark.parametrize("workers", [0, 1])
def test_the_sentence_of_an_error_arrives_as_it_is(workers):
    dataset = PatchDataset(Numbered(3), as_it_is, Unsuitable(), SIZE, 0)
    with pytest.raises(SettingsError, match=r"^These masks do not fit\.$"):
        next(batches(dataset, global_batch=1, stop=1, workers=workers))


def test_a_batch_that_cannot_be_shared_is_refused_at_once():
    with pytest.raises(SettingsError, match=r"30 cannot be shared equally by 4 processes: make it a multiple of 4\."):
        batches(numbered(9), global_batch=30, world=4)
    with pytest.raises(SettingsError, match="3 processes with 4 parts each: make it a multiple of 12"):
        batches(numbered(9), global_batch=30, world=3, accumulate=4)


def deadly(image, size, random):
    """Kill the worker, as the kernel does when the memory is gone."""
    if image[0, 0, 0] == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return image[:size, :size]


@pytest.mark.slow
def test_a_worker_that_dies_is_reported_where_a_batch_is_waited_for():
    before = signal.getsignal(signal.SIGCHLD)
    stream = batches(numbered(9, augment=deadly), global_batch=3, stop=6, workers=1)
    with pytest.raises(LamaDesktopError, match=r"was killed, mostly for lack of memory\. Use fewer data\.workers"):
        list(stream)
    assert signal.getsignal(signal.SIGCHLD) is before


def wounded(image, size, random):
    """Send the worker what a terminal and a scheduler send to a whole group."""
    os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGTERM)
    return image[:size, :size]


def test_workers_outlive_signals_to_the_group_and_end_with_the_iterator():
    stream = batches(numbered(9, augment=wounded), global_batch=3, workers=2)
    for _ in range(3):
        next(stream)
    started = time.monotonic()
    stream.close()
    assert time.monotonic() - started < 4, "they end when asked, not when terminated"


GROUP = """
import signal, sys
sys.path.insert(0, {tests!r})
from test_data import batches, noisy, numbered

told = []
signal.signal(signal.SIGTERM, lambda *_: told.append(True))
stream = batches(numbered(9, augment=noisy), global_batch=3, workers=2)
next(stream)
print("ready", flush=True)
while not told:
    next(stream)
for _ in range(20):
    next(stream)
print("saved", flush=True)
{end}
"""


@pytest.mark.slow
@pytest.mark.parametrize("end", ["sys.exit(130)", "raise RuntimeError('with the stream still open')"])
def test_a_signal_to_the_group_leaves_time_to_save(end):
    script = GROUP.format(tests=str(Path(__file__).parent), end=end)
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    with process:
        assert process.stdout.readline() == "ready\n"
        os.killpg(process.pid, signal.SIGTERM)
        assert process.stdout.read() == "saved\n"
        assert process.wait(20) == (130 if "exit" in end else 1), "and nothing waits for its workers"


def resampled(image, size, random):
    """Do what OpenCV does in several threads."""
    large = np.zeros((2000, 2000, 3), np.uint8)
    cv2.GaussianBlur(large, (0, 0), 3)
    return image[:size, :size]


def test_workers_do_not_wait_for_threads_that_were_not_forked():
    threads = cv2.getNumThreads()
    cv2.setNumThreads(2)
    try:
        resampled(np.zeros((9, 9, 3), np.uint8), SIZE, None)
        assert len(list(batches(numbered(9, augment=resampled), global_batch=1, stop=2, workers=1))) == 2
    finally:
        cv2.setNumThreads(threads)


def test_only_two_orders_are_kept():
    data._permutation.cache_clear()
    list(batches(numbered(5), global_batch=4, stop=20))
    assert data._permutation.cache_info().currsize == 2
    assert data._permutation.cache_info().misses == 16
