"""The field of nearest neighbours: which known patch each patch around a hole is most like, and what they vote for.

Barnes, Shechtman, Finkelstein, Goldman, "PatchMatch", SIGGRAPH 2009, in a form without sequential sweeps: every patch
looks at its neighbours' finds at once, from far steps to near ones (jump flooding), then searches at random around its
own. Small problems are searched exhaustively instead.
"""

import torch
from torch import Tensor

from lama_desktop.progress import Progress

EXHAUSTIVE = 12_000_000
"""Up to this many pairs of patches every pair is compared."""
CHUNK = 30_000_000
STEPS = (8, 4, 2, 1)
RANGE = 32
"""Pixels around a find in which a patch of the finest scale still searches, once its scale has been searched widely."""


class Field:
    """Where every patch around a hole comes from.

    Pixels are numbered along the rows of a padded picture.

    Args:
        stride: pixels of a row.
        places: (P) the centres of the patches that need a source.
        source: (N) bool, the centres of patches that may be one.
        confidence: (N) how much each place's vote counts.
        random: draws candidates, on the CPU.
    """

    def __init__(
        self, stride: int, places: Tensor, source: Tensor, confidence: Tensor, random: torch.Generator
    ) -> None:
        self.stride, self.places, self.source = stride, places, source
        self._confidence, self._random = confidence, random
        self._sources = source.nonzero()[:, 0]
        self._found = torch.full_like(source, -1, dtype=torch.int64)  # (N) the source of each place, -1 elsewhere
        self._distance = torch.zeros(len(places), device=places.device)
        self._found[places] = self._any_source(len(places))

    def follow(self, coarse: "Field", coarse_margin: int, margin: int, size: tuple[int, int]) -> None:
        """Take over the finds of the next coarser scale, enlarged.

        Args:
            coarse: the field at half the size.
            coarse_margin: padding of its picture.
            margin: padding of this one.
            size: height and width of this picture without padding.
        """
        rows, columns = self.places // self.stride - margin, self.places % self.stride - margin
        height, width = size
        place = (rows // 2 + coarse_margin) * coarse.stride + columns // 2 + coarse_margin
        found = coarse._found[place]
        down = (found // coarse.stride - coarse_margin) * 2 + rows % 2
        across = (found % coarse.stride - coarse_margin) * 2 + columns % 2
        candidate = (down.clamp(0, height - 1) + margin) * self.stride + across.clamp(0, width - 1) + margin
        good = (found >= 0) & self.source[candidate]
        self._found[self.places] = torch.where(good, candidate, self._found[self.places])

    def search(self, features: Tensor, wanted: Tensor, thorough: bool, progress: Progress) -> None:
        """Improve every find.

        Args:
            features: (N, K) what patches are compared by.
            wanted: (P, K) that of the places.
            thorough: search the whole picture at random, not only around the finds.
            progress: called for every candidate.
        """
        if len(self.places) * len(self._sources) <= EXHAUSTIVE:
            self._search_all(features, wanted, progress)
            return
        current = self._found[self.places]
        distance = _distance(features, current, wanted)
        last = len(self.source) - 1
        for index, step in enumerate(STEPS if thorough else STEPS[2:]):
            progress(0.6 * index / len(STEPS))
            for move in (step, step * self.stride, -step, -step * self.stride):
                neighbour = (self.places + move).clamp(0, last)
                found = self._found[neighbour]
                candidate = (found - move).clamp(0, last)
                usable = (found >= 0) & self.source[candidate]
                current, distance = self._better(features, wanted, current, distance, candidate, usable)
            self._found[self.places] = current
        rows = len(self.source) // self.stride
        span = max(rows, self.stride) // 2 if thorough else RANGE
        while span >= 1:
            progress(0.8)
            down, across = (
                torch.randint(-span, span + 1, (len(current),), generator=self._random).to(current.device)
                for _ in range(2)
            )
            row = (current // self.stride + down).clamp(0, rows - 1)
            column = (current % self.stride + across).clamp(0, self.stride - 1)
            candidate = row * self.stride + column
            usable = self.source[candidate]
            current, distance = self._better(features, wanted, current, distance, candidate, usable)
            span //= 2 if thorough else 3
        self._found[self.places] = current
        self._distance = distance

    def vote(self, values: Tensor, pixels: Tensor, radius: int, progress: Progress) -> Tensor:
        """Return what the patches that cover each pixel want it to be, (M, C).

        A vote counts by the patch's confidence and by how like its source it is: 1 for the same, falling as a Gaussian
        whose variance is the third quartile of all distances.

        Args:
            values: (N, C) the picture.
            pixels: (M) the pixels to vote on.
            radius: of a patch.
            progress: called for every row of a patch.
        """
        last = len(self.source) - 1
        some = self._distance[:: max(1, len(self._distance) // 20_000)]
        variance = torch.quantile(some, 0.75).clamp_min(1e-8)
        weights = torch.zeros(len(self.source), device=values.device)
        weight = torch.exp(-self._distance / (2 * variance)) * self._confidence[self.places]
        weights[self.places] = weight.clamp_min(1e-12)  # where no patch fits well, the least bad one still speaks
        total = torch.zeros(len(pixels), values.shape[1], device=values.device)
        count = torch.zeros(len(pixels), 1, device=values.device)
        for down in range(-radius, radius + 1):
            progress(0)
            for across in range(-radius, radius + 1):
                move = down * self.stride + across
                place = (pixels + move).clamp(0, last)
                share = weights[place][:, None]
                total.addcmul_(values[(self._found[place] - move).clamp(0, last)], share)
                count += share
        return total / count.clamp_min(1e-30)

    def copied(self, values: Tensor, pixels: Tensor) -> Tensor:
        """Return the middles of what these places found, (M, C)."""
        return values[self._found[pixels]]

    def _search_all(self, features: Tensor, wanted: Tensor, progress: Progress) -> None:
        """Compare every place with every source."""
        sources = features[self._sources].float()
        squares = sources.square().sum(1)
        found, distances = [], []
        parts = wanted.float().split(max(1, CHUNK // len(sources)))
        for index, part in enumerate(parts):
            progress(index / len(parts))
            distance, nearest = torch.addmm(squares[None], part, sources.T, alpha=-2).min(1)
            found.append(nearest)
            distances.append((distance + part.square().sum(1)).clamp_min(0))
        self._found[self.places] = self._sources[torch.cat(found)]
        self._distance = torch.cat(distances)

    def _better(
        self, features: Tensor, wanted: Tensor, current: Tensor, distance: Tensor, candidate: Tensor, usable: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the finds and distances after looking at one candidate each."""
        candidate = torch.where(usable, candidate, current)
        other = _distance(features, candidate, wanted)
        closer = other < distance
        return torch.where(closer, candidate, current), torch.where(closer, other, distance)

    def _any_source(self, count: int) -> Tensor:
        pick = torch.randint(len(self._sources), (count,), generator=self._random)
        return self._sources[pick.to(self._sources.device)]


def offsets(radius: int, stride: int) -> Tensor:
    """Return the pixel numbers of a patch relative to its centre, row by row."""
    span = torch.arange(-radius, radius + 1)
    return (span[:, None] * stride + span).flatten()


def _distance(features: Tensor, rows: Tensor, wanted: Tensor) -> Tensor:
    """Return the squared distance of chosen rows of features to what is wanted, (P) float32."""
    return torch.cat(
        [
            (features.index_select(0, part).float() - goal.float()).square().sum(1)
            for part, goal in zip(rows.split(1 << 18), wanted.split(1 << 18), strict=True)
        ]
    )
