"""Start a run from weights that exist: fine-tuning.

The generator comes from any file that the engine reads, the discriminator from a full training checkpoint (the
published `big-lama-with-discr`, or a `last.pt` of this program). What fits by name and shape is taken, and what does
not is said: a network with other blocks or channels can still begin with the layers it shares.
"""

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from lama_desktop.errors import CorruptWeightsError
from lama_desktop.models.architecture import sample, shown
from lama_desktop.models.archives import Contents, Entry
from lama_desktop.models.checkpoints import generator_entries, open_weights, read_value
from lama_desktop.training.config import TrainConfig

DISCRIMINATOR = "discriminator."


@dataclass(frozen=True)
class Taken:
    """What a network took over from a file; names of tensors, those that count batches left out.

    `missing` are tensors of the network that the file has not, `different` those that it has in another shape, `unused`
    tensors of the file that the network has not.
    """

    network: str
    file: str
    taken: int
    missing: tuple[str, ...]
    different: tuple[str, ...]
    unused: tuple[str, ...]

    def __str__(self) -> str:
        """Return the report in one line."""
        parts = [f"{self.network}: {self.taken} tensors from {self.file}"]
        for names, what in (
            (self.missing, "not in the file, so freshly initialised"),
            (self.different, "of another shape, so freshly initialised"),
            (self.unused, "of the file not used"),
        ):
            if names:
                parts.append(f"{len(names)} {what} ({sample(names)})")
        return "; ".join(parts) + "."


def warm_start(config: TrainConfig, generator: nn.Module, discriminator: nn.Module) -> list[Taken]:
    """Load what the recipe names as `generator.weights` and `discriminator.weights`; return what was taken.

    Raises:
        MissingWeightsError: there is no such file.
        CorruptWeightsError: it is damaged or unsafe, or holds no such network, or nothing of it fits.
    """
    found = []
    if config.generator.weights:
        path = Path(config.generator.weights)
        with open_weights(path) as contents:
            found.append(_take("generator", path, generator_entries(path, contents), generator))
    if config.discriminator.weights:
        path = Path(config.discriminator.weights)
        with open_weights(path) as contents:
            found.append(_take("discriminator", path, _discriminator_entries(path, contents), discriminator))
    return found


def _discriminator_entries(path: Path, contents: Contents) -> dict[str, Entry]:
    """Return a discriminator's entries by published name."""
    first = next((name for name in contents.entries if name.endswith("model0.0.weight")), None)
    if first is None:
        raise CorruptWeightsError(
            f"{shown(path.name)} holds no discriminator: leave discriminator.weights empty, and a new one is trained."
        )
    prefix = first.removesuffix("model0.0.weight")
    return {name[len(prefix) :]: entry for name, entry in contents.entries.items() if name.startswith(f"{prefix}model")}


def _take(title: str, path: Path, entries: dict[str, Entry], network: nn.Module) -> Taken:
    state = network.state_dict()
    counters = {name for name in state if name.endswith("num_batches_tracked")}
    fitting = [name for name in state if name in entries and tuple(entries[name].shape) == tuple(state[name].shape)]
    wanted = [name for name in state if name not in counters]
    taken = [name for name in fitting if name not in counters]
    if not taken:
        raise CorruptWeightsError(f"Nothing in {shown(path.name)} fits the {title}: choose another file or recipe.")
    values: dict[str, Tensor] = {name: read_value(path, name, entries[name]) for name in fitting}
    network.load_state_dict(state | values)
    return Taken(
        title,
        path.name,
        len(taken),
        tuple(name for name in wanted if name not in entries),
        tuple(name for name in wanted if name in entries and name not in taken),
        tuple(name for name in entries if name not in state),
    )
