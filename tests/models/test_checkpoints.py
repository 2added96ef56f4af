"""Every published layout loads; what is not a LaMa generator is refused with a sentence."""

import dataclasses
import io
import json
import os
import pickle
import random
import re
import sys
import zipfile

import pytest
import safetensors
import safetensors.torch
import torch

from lama_desktop.errors import CorruptWeightsError, MissingWeightsError, ModelError
from lama_desktop.models import architecture
from lama_desktop.models.architecture import infer_config
from lama_desktop.models.cards import find_card
from lama_desktop.models.checkpoints import load_generator, read_tensors, save_weights
from lama_desktop.networks.generators import DilatedConfig, FourierConfig, RegularConfig

FAMILIES = ("fourier", "regular", "dilated")
PREFIXES = (
    *("", "generator.", "model.generator.", "module.generator.", "module.", "state_dict.generator."),
    *("generator_ema.", "net.generator."),
)


class Payload:
    """Runs a command when Python's own pickle loads it."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


@pytest.fixture
def bomb(tmp_path):
    path = tmp_path / "executed"
    yield Payload(path)
    assert not path.exists()


def refused(path, *words):
    """The file is refused, in one or two sentences that name it and hold these words; return them."""
    with pytest.raises(CorruptWeightsError) as caught:
        read_tensors(path)
    text = str(caught.value)
    assert path.name in text
    assert text.endswith(".")
    assert "\n" not in text
    assert len(text) < 600
    for word in words:
        assert word in text
    return text


class TestLayouts:
    @pytest.mark.parametrize("legacy", [False, True])
    @pytest.mark.parametrize("family", FAMILIES)
    def test_lightning(self, layouts, make_network, same, family, legacy):
        network = make_network(family)
        path = layouts.lightning(network, legacy=legacy)
        assert "omegaconf" not in sys.modules
        weights = read_tensors(path)
        assert same(weights.tensors, network)
        assert weights.layout == "Lightning checkpoint"
        assert weights.metadata["epoch"] == "22"
        assert weights.metadata["pytorch-lightning_version"] == "1.2.9"

    @pytest.mark.parametrize("prefix", PREFIXES)
    @pytest.mark.parametrize("legacy", [False, True])
    def test_prefixes(self, layouts, network, same, prefix, legacy):
        assert same(read_tensors(layouts.plain(network, prefix=prefix, legacy=legacy)).tensors, network)

    @pytest.mark.parametrize("family", FAMILIES)
    def test_bare_indices(self, layouts, make_network, same, family):
        network = make_network(family)
        path = layouts.folder / "bare.pth"
        torch.save(network.model.state_dict(), path)
        assert same(read_tensors(path).tensors, network)

    @pytest.mark.parametrize("inside", [("state_dict",), ("gen_state_dict",), ("model", "params")])
    def test_nested_dictionaries(self, layouts, network, same, inside):
        assert same(read_tensors(layouts.plain(network, inside=inside)).tensors, network)

    @pytest.mark.parametrize(
        ("family", "traced"), [("fourier", True), ("regular", True), ("dilated", True), ("regular", False)]
    )
    def test_torchscript(self, layouts, make_network, same, family, traced):
        network = make_network(family)
        weights = read_tensors(layouts.script(network, traced=traced))
        assert same(weights.tensors, network)
        assert weights.layout == "TorchScript"

    @pytest.mark.parametrize("prefix", PREFIXES)
    def test_safetensors(self, layouts, network, same, prefix):
        weights = read_tensors(layouts.safetensors(network, prefix=prefix))
        assert same(weights.tensors, network)
        assert weights.layout == "safetensors"

    def test_half_precision(self, layouts, make_network, same):
        network = make_network()
        for each in network.buffers():
            if not each.is_floating_point():
                each.fill_(0)  # half precision cannot hold the count; what it becomes does not matter
        for path in (layouts.safetensors(network, half=True), layouts.plain(network, half=True)):
            assert same(read_tensors(path).tensors, network, tolerance=1e-3)

    def test_a_counter_that_overflowed_in_half_precision_is_no_damage(self, layouts, network):
        path = layouts.safetensors(network, half=True)
        assert read_tensors(path).tensors["model.1.bn_l.num_batches_tracked"] == 0

    @pytest.mark.parametrize("kind", [torch.bfloat16, torch.float64])
    @pytest.mark.parametrize("legacy", [False, True, None])
    def test_other_precisions(self, layouts, network, same, kind, legacy):
        state = {key: each.to(kind) if each.is_floating_point() else each for key, each in network.state_dict().items()}
        path = layouts.folder / "other"
        if legacy is None:
            safetensors.torch.save_file(state, path)
        else:
            torch.save(state, path, _use_new_zipfile_serialization=not legacy)
        assert same(read_tensors(path).tensors, network, tolerance=2e-2)

    def test_missing_counters_are_no_loss(self, layouts, network):
        weights = read_tensors(layouts.plain(network, drop=("num_batches_tracked",)))
        assert set(weights.tensors) == set(network.state_dict())

    def test_parameters_views_and_channels_last(self, layouts, network, same):
        flat = torch.cat([each.detach().flatten() for each in network.parameters()])
        state, start = dict(network.state_dict()), 0
        for name, each in network.named_parameters():
            state[name] = torch.nn.Parameter(flat[start : start + each.numel()].view(each.shape))
            start += each.numel()
        state["model.2.ffc.convl2l.weight"] = (
            state["model.2.ffc.convl2l.weight"].data.clone().contiguous(memory_format=torch.channels_last)
        )
        path = layouts.folder / "views.pth"
        torch.save(state, path)
        weights = read_tensors(path)
        assert same(weights.tensors, network)
        assert all(each.untyped_storage().nbytes() == each.nbytes for each in weights.tensors.values())

    def test_the_running_average_of_a_training_run_is_preferred(self, layouts, network, make_network, same):
        average = make_network(seed=1)
        path = layouts.folder / "run.pth"
        torch.save({"generator": network.state_dict(), "average": average.state_dict(), "step": 3}, path)
        assert same(read_tensors(path).tensors, average)

    @pytest.mark.parametrize("inside", ["big-lama/models/best.ckpt", "weights.pth", "a/b/c/x.safetensors"])
    def test_zip(self, layouts, network, same, inside):
        plain = layouts.safetensors(network) if inside.endswith("safetensors") else layouts.lightning(network)
        weights = read_tensors(layouts.zipped(plain, inside=inside))
        assert same(weights.tensors, network)
        assert weights.layout.endswith("in a zip")

    def test_a_folder_as_the_authors_ship_it(self, layouts, network, same):
        (layouts.folder / "models").mkdir()
        layouts.lightning(network, name="models/best.ckpt")
        assert same(read_tensors(layouts.folder).tensors, network)

    def test_loading_gives_the_network(self, layouts, network):
        loaded = load_generator(layouts.lightning(network))
        image = torch.rand(1, 4, 32, 40)
        with torch.inference_mode():
            assert torch.equal(loaded(image), network(image))
        assert not loaded.training
        assert loaded.config == network.config
        assert all(each.device.type == "cpu" for each in loaded.state_dict().values())

    def test_progress_reaches_the_end_and_cancels(self, layouts, network):
        from lama_desktop.errors import Cancelled
        from lama_desktop.progress import Progress

        told = []
        read_tensors(layouts.lightning(network), Progress(lambda fraction, text: told.append(fraction)))
        assert told[-1] == 1.0
        assert told == sorted(told)
        stopped = Progress()
        stopped.cancel()
        with pytest.raises(Cancelled):
            read_tensors(layouts.lightning(network), stopped)


class TestOwnExport:
    def test_round_trip(self, tmp_path, network, same):
        path = tmp_path / "mine.safetensors"
        save_weights(network, find_card("big-lama"), path)
        weights = read_tensors(path)
        assert same(weights.tensors, network)
        assert weights.layout == "lama-desktop"
        assert weights.metadata["title"] == "Big-LaMa"
        assert json.loads(weights.metadata["architecture"]) == {"family": "fourier"} | dataclasses.asdict(
            network.config
        )
        assert [each.name for each in tmp_path.iterdir()] == ["mine.safetensors"]

    def test_a_mapping_of_facts_and_half_tensors(self, tmp_path, network, same):
        path = tmp_path / "mine.safetensors"
        save_weights(network.state_dict(), {"title": "Mine", "source_sha256": "ab"}, path)
        assert read_tensors(path).metadata["source_sha256"] == "ab"
        assert same(read_tensors(path).tensors, network)

    def test_a_newer_version_says_so(self, tmp_path, network):
        path = tmp_path / "new.safetensors"
        state = {key: value.contiguous() for key, value in network.state_dict().items()}
        safetensors.torch.save_file(state, path, {"format": "lama-desktop", "version": "2"})
        refused(path, "newer LaMa Desktop")

    def test_an_incomplete_network_is_not_written(self, tmp_path, network):
        state = dict(network.state_dict())
        del state["model.2.ffc.convl2l.weight"]
        path = tmp_path / "mine.safetensors"
        path.write_bytes(b"old")
        with pytest.raises(CorruptWeightsError, match=r"misses model\.2\.ffc\.convl2l\.weight"):
            save_weights(state, {}, path)
        assert path.read_bytes() == b"old"
        assert len(list(tmp_path.iterdir())) == 1

    def test_a_folder_that_is_not_there(self, tmp_path, network):
        with pytest.raises(ModelError, match="cannot be written"):
            save_weights(network, {}, tmp_path / "absent" / "mine.safetensors")


class TestPayloads:
    @pytest.mark.parametrize("legacy", [False, True])
    def test_in_a_checkpoint(self, layouts, network, bomb, legacy):
        refused(layouts.lightning(network, legacy=legacy, extra=bomb), "system", "Nothing in it was executed")

    def test_as_a_tensor(self, layouts, network, bomb):
        refused(layouts.plain(network, model__1__bn_l__weight=bomb), "system")

    @pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
    def test_as_the_whole_file(self, tmp_path, bomb, protocol):
        path = tmp_path / "plain.ckpt"
        path.write_bytes(pickle.dumps({"state_dict": bomb}, protocol))
        refused(path)

    def test_in_a_zip(self, layouts, network, bomb):
        refused(layouts.zipped(layouts.lightning(network, extra=bomb)), "system")

    def test_in_torchscript(self, layouts, network, bomb):
        script = layouts.script(network)
        path = layouts.folder / "evil.pt"
        with zipfile.ZipFile(script) as source, zipfile.ZipFile(path, "w") as target:
            for each in source.namelist():
                content = source.read(each)
                if each.endswith("/data.pkl"):
                    call = pickle.dumps(bomb, 2)[2:-1]  # between the header and the full stop
                    content = content[:2] + call + b"0" + content[2:]
                target.writestr(each, content)
        refused(path, "system")

    def test_code_members_are_not_read(self, layouts, network, same):
        script = layouts.script(network)
        path = layouts.folder / "evil.pt"
        with zipfile.ZipFile(script) as source, zipfile.ZipFile(path, "w") as target:
            for each in source.namelist():
                damaged = "/code/" in each or each.endswith("constants.pkl")
                target.writestr(each, b"\xff garbage" if damaged else source.read(each))
        assert same(read_tensors(path).tensors, network)

    def test_a_pickled_module_is_refused_by_name(self, tmp_path, network):
        path = tmp_path / "module.pth"
        torch.save(network, path)
        refused(path, "lama_desktop.networks.generators.FourierGenerator")

    @pytest.mark.parametrize("name", ["builtins eval", "posix system", "torch.hub load", "omegaconfx nodes"])
    def test_any_unknown_name(self, tmp_path, name):
        path = tmp_path / "x.pth"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("x/data.pkl", b"\x80\x02c" + name.replace(" ", "\n").encode() + b"\n.")
        refused(path, name.replace(" ", "."))

    def test_known_names_are_never_imported(self, layouts, network, monkeypatch, tmp_path):
        (tmp_path / "omegaconf").mkdir()
        (tmp_path / "omegaconf" / "__init__.py").write_text("raise SystemExit('imported')")
        monkeypatch.syspath_prepend(tmp_path)
        read_tensors(layouts.lightning(network))


class TestBadFiles:
    def test_no_file(self, tmp_path):
        with pytest.raises(MissingWeightsError, match=r"absent\.ckpt"):
            read_tensors(tmp_path / "absent.ckpt")

    @pytest.mark.parametrize(
        ("content", "word"),
        [
            (b"", "empty"),
            (b"<!DOCTYPE html><html>", "web page"),
            (b"\n<html>", "web page"),
            (b"version https://git-lfs.github.com/spec/v1\noid sha256:7d", "Git LFS pointer"),
            (b"PK\x03\x04 and no more", "zip whose end is missing"),
            (b"\x08\x08\x12\x07pytorch\x1a\x052.1.0", "ONNX"),
            (b"generator:\n  kind: ffc_resnet\n", "no weight file"),
            (b"\x80", "damaged"),
            (b"\x80\x02.", "damaged"),
            (b"\xff" * 8 + b"{", "damaged"),
            (b"\x02\0\0\0\0\0\0\0{}", "no LaMa generator"),
        ],
    )
    def test_other_kinds_of_file(self, tmp_path, content, word):
        path = tmp_path / "file.ckpt"
        path.write_bytes(content)
        refused(path, word)

    def test_truncated(self, layouts, network):
        files = [
            layouts.lightning(network),
            layouts.lightning(network, name="legacy.ckpt", legacy=True),
            layouts.script(network),
            layouts.safetensors(network),
            layouts.zipped(layouts.lightning(network)),
        ]
        for path in files:
            whole = path.read_bytes()
            for share in (0.0001, 0.001, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 0.999, 0.9999):
                path.write_bytes(whole[: int(len(whole) * share)])
                refused(path)
            path.write_bytes(whole[:-1])
            refused(path)

    def test_foreign_network(self, layouts):
        path = layouts.folder / "resnet.pth"
        torch.save({"conv1.weight": torch.ones(2, 3, 7, 7), "layer1.0.conv1.weight": torch.ones(2, 2, 3, 3)}, path)
        refused(path, "no LaMa generator", "conv1.weight", "layer1.0.conv1.weight")
        path = layouts.folder / "disc.pth"
        torch.save({"discriminator.model0.0.weight": torch.ones(2, 3, 4, 4)}, path)
        refused(path, "no LaMa generator")

    def test_another_network_with_blocks(self, layouts):
        path = layouts.folder / "other.pth"
        torch.save({"model.4.conv_block.1.weight": torch.ones(2, 2, 3, 3)}, path)
        refused(path, "model.1.weight is missing")

    @pytest.mark.parametrize("value", [3, None, [1, 2], "text", {}, torch.ones(3), [torch.ones(3)]])
    def test_no_names(self, tmp_path, value):
        path = tmp_path / "value.pth"
        torch.save(value, path)
        refused(path, "no LaMa generator")

    @pytest.mark.parametrize(
        "name", ["model.1.ffc.convl2l.weight", "model.6.conv2.bn_g.running_mean", "model.18.bias", "model.4.bn_g.bias"]
    )
    def test_missing(self, layouts, network, name):
        refused(layouts.plain(network, drop=(name,)), name)

    def test_many_missing(self, layouts, network):
        text = refused(layouts.plain(network, drop=("running_mean",)), "misses", "more")
        assert text.count("running_mean") == 3

    def test_extra(self, layouts, network):
        refused(layouts.plain(network, model__1__ffc__gate__weight=torch.ones(2, 4, 1, 1)), "model.1.ffc.gate.weight")

    def test_misshaped(self, layouts, network):
        path = layouts.plain(network, model__1__ffc__convl2l__weight=torch.ones(8, 3, 7, 7))
        refused(path, "model.1.ffc.convl2l.weight", "8×3×7×7", "8×4×7×7")
        path = layouts.plain(network, model__1__bn_l__weight=torch.ones(9))
        refused(path, "model.1.bn_l.weight is 9 instead of 8")

    @pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
    def test_not_finite(self, layouts, network, bad):
        weight = torch.ones(8)
        weight[3] = bad
        refused(layouts.plain(network, model__1__bn_l__bias=weight), "model.1.bn_l.bias", "not finite")

    def test_negative_variance(self, layouts, network):
        refused(layouts.plain(network, model__1__bn_l__running_var=-torch.ones(8)), "negative variances")

    def test_integers(self, layouts, network):
        refused(layouts.plain(network, model__1__bn_l__bias=torch.ones(8, dtype=torch.int8)), "unquantised")

    def test_a_name_that_is_no_text_for_a_message(self, tmp_path):
        path = tmp_path / "x.pth"
        torch.save({"\x1b[31m\n" + "a" * 250: torch.ones(1)}, path)
        text = refused(path)
        assert "\x1b" not in text

    def test_zip_with_several_models(self, layouts, network):
        path = layouts.lightning(network)
        refused(layouts.zipped(path, **{"other/models/best.ckpt": 1}), "several models", "other/models/best.ckpt")

    def test_zip_without_weights(self, tmp_path):
        path = tmp_path / "photos.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a.jpg", b"x")
        refused(path, "a.jpg")

    def test_zip_in_a_zip(self, layouts, network):
        path = layouts.zipped(layouts.zipped(layouts.lightning(network)), name="outer.zip", inside="inner.ckpt")
        with pytest.raises(CorruptWeightsError, match="zip in a zip"):
            read_tensors(path)

    def test_zip_bomb(self, tmp_path):
        path = tmp_path / "bomb.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("best.ckpt", bytes(80 << 20))
        refused(path, "impossible size")

    def test_members_that_climb_out_of_the_folder(self, layouts, network, same, tmp_path):
        path = layouts.zipped(layouts.lightning(network), inside="../../../best.ckpt")
        before = set(tmp_path.rglob("*"))
        assert same(read_tensors(path).tensors, network)
        assert set(tmp_path.rglob("*")) == before


class TestLyingDescriptions:
    """A pickle says where tensors are; here it does not tell the truth."""

    def write(self, layouts, network, change):
        source = layouts.plain(network)
        path = layouts.folder / "lying.pth"
        with zipfile.ZipFile(source) as archive, zipfile.ZipFile(path, "w") as target:
            for each in archive.infolist():
                name, content = change(each.filename, archive.read(each))
                if name:
                    target.writestr(name, content)
        return path

    def test_the_copy_itself_loads(self, layouts, network, same):
        path = self.write(layouts, network, lambda name, content: (name, content))
        assert same(read_tensors(path).tensors, network)

    def test_short_storage(self, layouts, network):
        path = self.write(layouts, network, lambda n, c: (n, c[:-4] if n.endswith("data/0") else c))
        refused(path, "does not hold as many numbers")

    def test_missing_storage(self, layouts, network):
        path = self.write(layouts, network, lambda n, c: ("" if n.endswith("data/0") else n, c))
        refused(path, "storage 0")

    def test_packed_storage(self, layouts, network):
        source = layouts.plain(network)
        path = layouts.folder / "packed.pth"
        with zipfile.ZipFile(source) as archive, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
            for each in archive.namelist():
                target.writestr(each, archive.read(each))
        refused(path, "missing or packed")

    @pytest.mark.parametrize(
        ("offset", "shape", "strides"),
        [
            (0, (1 << 40,), (0,)),
            (0, (8, 8), (0, 0)),
            (1, (8,), (1,)),
            (0, (8,), (2,)),
            (-1, (8,), (1,)),
            (0, (8,), (-1,)),
            (1 << 70, (8,), (1,)),
            (0, (8,), ()),
            (0, (0, 1 << 70), (1, 1)),
            (0, (8,) + (1,) * 100, (1,) * 101),
            (0, (8.0,), (1,)),
            (0, ((8,),), (1,)),
        ],
    )
    def test_reach(self, tmp_path, offset, shape, strides):
        path = tmp_path / "reach.pth"
        numbers = io.BytesIO()
        Described.write(numbers, offset, shape, strides)
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("x/data.pkl", numbers.getvalue())
            archive.writestr("x/data/0", bytes(32))
        refused(path)

    def test_an_honest_description_beside_them(self, tmp_path):
        path = tmp_path / "reach.pth"
        numbers = io.BytesIO()
        Described.write(numbers, 0, (8,), (1,))
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("x/data.pkl", numbers.getvalue())
            archive.writestr("x/data/0", bytes(32))
        refused(path, "model.2.ffc.convl2l.weight is missing")

    @pytest.mark.parametrize(
        "program",
        [
            b"\x80\x02]q\x00" + b"h\x00a" * 3 + b".",  # a list in itself
            b"\x80\x02}q\x00X\x01\0\0\0ah\x00s.",  # a dictionary in itself
            b"\x80\x02(" + b"]" * 50_000 + b"l.",
            b"\x80\x02" + b")\x85" * 50_000 + b"." + b"0" * 10,
            b"\x80\x02" + b"}X\x01\0\0\0a" * 50_000 + b"}" + b"s" * 50_000 + b".",
            b"\x80\x02r\xff\xff\xff\xff.",  # a memo of four thousand million places
            b"\x80\x04N\x8e\xff\xff\xff\xff\xff\xff\xff\x7f.",  # more bytes than there are
            b"\x80\x02R.",
            b"\x80\x02NNR.",
            b"\x80\x02Nb.",
            b"\x80\x02NQ.",
            b"\x80\x02}}}s.",
            b"\x80\x04\x82\x01.",
            b"\x80\x02" + b"]q\x00(h\x00h\x00e" * 20 + b".",
            b"\x80\x02X\0\0\x10\0" + b"a" * 0x100000 + b"q\x00" + b"h\x00h\x00\x93" * 50_000 + b".",  # long names
            b"\x80\x02\x8b\0\0\x10\0" + b"\x01" * 0x100000 + b"q\x00}" + b"h\x00Ns" * 50_000 + b".",  # a long key
            # one list of pairs for many dictionaries
            b"\x80\x02](" + b"K\x01N\x86" * 50_000 + b"e\x85q\x00ccollections\nOrderedDict\nq\x01"
            b"" + b"h\x01h\x00R" * 50_000 + b".",
        ],
    )
    def test_programs(self, tmp_path, program):
        path = tmp_path / "program.pth"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("x/data.pkl", program)
        refused(path)
        (tmp_path / "bare.pth").write_bytes(program)
        refused(tmp_path / "bare.pth")

    def test_dictionaries_that_multiply(self, tmp_path):
        value = {"model.1.ffc.convl2l.weight": 1}
        for _ in range(30):
            value = {"a": value, "b": value, "c": value}
        path = tmp_path / "laughs.pth"
        torch.save(value, path)
        refused(path, "no named tensors")


class Described:
    """Pickle a description of one tensor, as torch does, with any numbers."""

    @staticmethod
    def write(file, offset, shape, strides):
        class Pickler(pickle.Pickler):
            def persistent_id(self, value):
                return ("storage", torch.FloatStorage, "0", "cpu", 8) if value is Described else None

        class Rebuilt:
            def __reduce__(self):
                return torch._utils._rebuild_tensor_v2, (Described, offset, shape, strides, False, None)

        Pickler(file, 2).dump({"model.2.ffc.convl2g.weight": Rebuilt()})


class TestLyingHeaders:
    """The same for safetensors."""

    @pytest.mark.parametrize(
        ("facts", "word"),
        [
            ({"dtype": "F32", "shape": [8], "data_offsets": [0, 32]}, "is missing"),
            ({"dtype": "F32", "shape": [9], "data_offsets": [0, 32]}, "not as long"),
            ({"dtype": "F32", "shape": [1 << 60], "data_offsets": [0, 32]}, "not as long"),
            ({"dtype": "F32", "shape": [8], "data_offsets": [8, 40]}, "beyond"),
            ({"dtype": "F32", "shape": [8], "data_offsets": [-4, 28]}, "beyond"),
            ({"dtype": "F32", "shape": [-8], "data_offsets": [32, 0]}, "beyond"),
            ({"dtype": "F32", "shape": [8.0], "data_offsets": [0, 32]}, "beyond"),
            ({"dtype": "F32", "shape": "8", "data_offsets": [0, 32]}, "beyond"),
            ({"dtype": "F32", "shape": [8], "data_offsets": [0]}, "damaged"),
            ({"dtype": ["F32"], "shape": [8], "data_offsets": [0, 32]}, "damaged"),
            ({"shape": [8]}, "damaged"),
            ([], "damaged"),
            (None, "damaged"),
        ],
    )
    def test_header(self, tmp_path, facts, word):
        header = json.dumps({"model.1.ffc.convl2g.weight": facts}).encode()
        path = tmp_path / "x.safetensors"
        path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(32))
        refused(path, word)

    @pytest.mark.parametrize(
        "header", [b"{" * 100_000, b"[" * 10, b'{"a":1}', b'{"__metadata__":[]}', b"{\xff}", b'{"a']
    )
    def test_no_header(self, tmp_path, header):
        path = tmp_path / "x.safetensors"
        path.write_bytes(len(header).to_bytes(8, "little") + header)
        text = refused(path)
        assert not re.search("Unterminated|Expecting|object|attribute|codec|recursion", text)


class TestMutation:
    """Damaged bytes anywhere: a file loads, or is refused with a sentence; nothing else comes out."""

    @pytest.mark.parametrize("kind", ["zip", "legacy", "script", "safetensors", "outer"])
    def test_bytes(self, layouts, make_network, kind):
        network = make_network("regular")
        path = {
            "zip": lambda: layouts.lightning(network),
            "legacy": lambda: layouts.lightning(network, legacy=True),
            "script": lambda: layouts.script(network),
            "safetensors": lambda: layouts.safetensors(network),
            "outer": lambda: layouts.zipped(layouts.lightning(network)),
        }[kind]()
        whole = path.read_bytes()
        places = random.Random(7)
        if kind in {"zip", "script"}:  # the description and the directory are where damage does most
            with zipfile.ZipFile(path) as archive:
                start = next(each.header_offset for each in archive.infolist() if each.filename.endswith("/data.pkl"))
                spans = [(start, start + 20_000), (archive.start_dir, len(whole))]
        else:
            spans = [(0, 20_000), (len(whole) - 2_000, len(whole))]
        for turn in range(80):
            damaged = bytearray(whole)
            low, high = spans[turn % 2] if turn % 5 else (0, len(whole))
            for _ in range(places.choice((1, 1, 3, 20))):
                damaged[places.randrange(low, min(high, len(whole)))] = places.randrange(256)
            path.write_bytes(damaged)
            try:
                read_tensors(path)
            except CorruptWeightsError as error:
                assert path.name in str(error) or "weights." in str(error)  # noqa: PT017, it may load too

    def test_descriptions(self, layouts, make_network):
        """The checksum of the zip catches most damage; here the pickle is damaged before it is packed."""
        network = make_network("regular")
        places = random.Random(11)
        for source in (layouts.lightning(network), layouts.script(network)):
            with zipfile.ZipFile(source) as archive:
                members = {each: archive.read(each) for each in archive.namelist()}
            name = next(each for each in members if each.endswith("/data.pkl"))
            for _ in range(150):
                damaged = bytearray(members[name])
                for _ in range(places.choice((1, 2, 8))):
                    damaged[places.randrange(len(damaged))] = places.randrange(256)
                path = layouts.folder / "mutated.pt"
                with zipfile.ZipFile(path, "w") as archive:
                    for each, content in members.items():
                        archive.writestr(each, bytes(damaged) if each == name else content)
                try:
                    read_tensors(path)
                except CorruptWeightsError as error:
                    assert path.name in str(error)  # noqa: PT017, it may load too


class TestInference:
    @pytest.mark.parametrize(
        "config",
        [
            FourierConfig(width=8, blocks=1),
            FourierConfig(width=16, blocks=5, downsamplings=2),
            FourierConfig(width=8, blocks=2, global_ratio=0.5),
            FourierConfig(width=8, blocks=2, global_ratio=0.3),
            FourierConfig(width=8, blocks=2, global_ratio=0.25, downsamplings=1),
            FourierConfig(width=16, blocks=3, local_fourier=True),
            RegularConfig(width=8, blocks=1, downsamplings=1),
            RegularConfig(width=12, blocks=7, downsamplings=4),
            DilatedConfig(width=8, blocks=3, dilations=2),
            DilatedConfig(width=8, blocks=1, downsamplings=2, dilations=8),
        ],
    )
    def test_configurations_come_back(self, config):
        found = infer_config(architecture.blank(config).state_dict())
        assert type(found) is type(config)
        assert not architecture.mismatch(
            architecture.blank(found).state_dict(), architecture.blank(config).state_dict()
        )
        assert dataclasses.replace(found, **{"global_ratio": 0.5} if isinstance(found, FourierConfig) else {}) == (
            dataclasses.replace(config, **{"global_ratio": 0.5} if isinstance(config, FourierConfig) else {})
        )

    @pytest.mark.parametrize(
        ("name", "config"),
        [
            ("big-lama", FourierConfig(blocks=18)),
            ("lama-fourier", FourierConfig()),
            ("big-lama-regular", RegularConfig(blocks=15)),
            ("lama-regular", RegularConfig()),
            ("lama-dilated", DilatedConfig()),
        ],
    )
    def test_published_names(self, golden, name, config):
        listed = json.loads((golden / f"listing-{name}.json").read_text())["tensors"]
        shapes = {
            key.removeprefix("generator."): torch.empty(each["shape"], device="meta") for key, each in listed.items()
        }
        assert infer_config(shapes) == config
        assert not architecture.mismatch(shapes, architecture.blank(config).state_dict())

    @pytest.mark.parametrize("name", ["tiny-fourier", "tiny-big-lama", "tiny-regular", "tiny-dilated"])
    def test_reference_checkpoints_load_and_give_the_reference_numbers(self, golden, name):
        import numpy as np

        network = load_generator(golden / name / "models" / "best.ckpt")
        numbers = golden / name / "io.npz"
        if not numbers.exists():
            return
        with np.load(numbers) as pairs:
            for key in (each for each in pairs.files if each.startswith("input_")):
                with torch.inference_mode():
                    output = network(torch.from_numpy(pairs[key])).numpy()
                assert np.abs(output - pairs[key.replace("input", "output")]).max() < 2e-5

    @pytest.mark.parametrize("tensors", [{}, {"a": torch.ones(1)}, {"model.1.ffc.convl2l.weight": torch.ones(1)}])
    def test_what_is_none(self, tensors):
        with pytest.raises(CorruptWeightsError):
            infer_config(tensors)

    def test_impossible_sizes(self):
        state = {f"model.{index}.conv_block.1.weight": torch.ones(1) for index in range(4, 900)}
        with pytest.raises(CorruptWeightsError, match="impossible size"):
            infer_config(state | {"model.1.weight": torch.ones(8, 4, 7, 7)})


def test_a_blank_network_holds_no_memory():
    """So that a file's lies about size cost nothing."""
    network = architecture.blank(FourierConfig(width=2048, blocks=18))
    assert all(each.is_meta for each in network.state_dict().values())
