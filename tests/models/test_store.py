"""The store: what goes in is whole and ours, what fails leaves it as it was."""

import hashlib
import http.server
import json
import os
import shlex
import subprocess
import sys
import threading

import pytest
import safetensors
import torch

from lama_desktop.errors import (
    Cancelled,
    CorruptWeightsError,
    DownloadError,
    MissingWeightsError,
    ModelError,
    SettingsError,
)
from lama_desktop.models import architecture, cards, disk, installed
from lama_desktop.models import store as module
from lama_desktop.models.cards import FALLBACK_MODEL, Download, ModelCard
from lama_desktop.models.checkpoints import load_generator, save_weights
from lama_desktop.models.download import Patience
from lama_desktop.models.store import ModelStore
from lama_desktop.progress import Progress


@pytest.fixture
def store(tmp_path):
    return ModelStore(tmp_path / "store")


@pytest.fixture
def publish(monkeypatch):
    """Make the files of a test known: their hashes belong to a published card."""

    def change(id, *files, **facts):
        import dataclasses

        hashes = tuple(hashlib.sha256(each.read_bytes()).hexdigest() for each in files)
        models = tuple(
            dataclasses.replace(card, also=card.also + hashes, **facts) if card.id == id else card
            for card in cards.MODELS
        )
        monkeypatch.setattr(cards, "MODELS", models)
        monkeypatch.setattr(module, "MODELS", models)
        monkeypatch.setattr(module, "_PUBLISHED", {card.id: card for card in models})
        return next(card for card in models if card.id == id)

    return change


@pytest.fixture
def tiny_published(publish):
    """Pretend that some published models are as small as the tests' network."""
    for name in ("big-lama", "lama-fourier"):
        publish(name, blocks=2, width=8)


def state(store):
    """Every visible file of the store and its content."""
    if not store.folder.exists():
        return {}
    return {each.name: each.read_bytes() for each in store.folder.iterdir() if each.name != ".lock"}


class TestImport:
    def test_a_file_of_unknown_origin(self, store, layouts, network, same):
        source = layouts.plain(network, name="My Model v2.pth")
        before = source.read_bytes()
        found = store.import_file(source)
        assert found.id == "my-model-v2"
        assert found.path == store.folder / "my-model-v2.safetensors"
        assert found.layout == "state dictionary"
        assert found.source_sha256 == hashlib.sha256(before).hexdigest()
        assert found.sha256 == hashlib.sha256(found.path.read_bytes()).hexdigest()
        assert source.read_bytes() == before
        assert same(load_generator(found.path).state_dict(), network)
        assert sorted(state(store)) == ["my-model-v2.json", "my-model-v2.safetensors"]
        assert store.installed() == [found]
        assert store.path("my-model-v2") == found.path
        assert store.verify("my-model-v2") == found
        with safetensors.safe_open(found.path, "pt") as file:
            metadata = file.metadata()
        assert metadata["source_sha256"] == found.source_sha256
        assert json.loads(metadata["architecture"])["blocks"] == 2

    def test_a_known_file_gets_its_card(self, store, layouts, network, publish):
        source = layouts.lightning(network)
        publish("lama-fourier", source)
        found = store.import_file(source)
        assert found.id == "lama-fourier"
        assert found.card.title == "LaMa-Fourier (Places)"
        assert found.card.licence == cards.find_card("lama-fourier").licence
        assert store.installed()[0].id == "lama-fourier"

    def test_a_known_file_under_another_name(self, store, layouts, network, publish):
        source = layouts.lightning(network)
        publish("lama-fourier", source)
        found = store.import_file(source, id="mine", title="Mine")
        assert (found.id, found.card.title) == ("mine", "Mine")
        assert found.card.licence == cards.find_card("lama-fourier").licence

    @pytest.mark.parametrize("family", ["fourier", "regular", "dilated"])
    def test_the_card_says_the_family(self, store, layouts, make_network, family):
        assert store.import_file(layouts.plain(make_network(family))).card.family == family

    def test_vague_names_take_the_folder_s(self, store, layouts, network):
        (layouts.folder / "faces" / "models").mkdir(parents=True)
        assert store.import_file(layouts.lightning(network, name="faces/models/best.ckpt")).id == "faces"
        assert store.import_file(layouts.folder / "faces").id == "faces"

    def test_names_are_not_taken_twice(self, store, layouts, network, make_network):
        first = layouts.plain(network, name="big-lama.pt")
        found = store.import_file(first)
        assert found.id == "big-lama-2"  # a card's id is for what is known to be that model
        assert store.import_file(first).id == "big-lama-2"
        assert store.import_file(layouts.plain(make_network(seed=1), name="big-lama.pth")).id == "big-lama-3"
        assert len(store.installed()) == 2

    def test_an_id_of_a_card_is_for_its_architecture(self, store, layouts, network, make_network, publish):
        publish("big-lama", blocks=2, width=8)
        found = store.import_file(layouts.plain(network), id="big-lama")
        assert found.card.title == "Big-LaMa"
        before = state(store)
        for card in cards.MODELS:
            for replace in (False, True):
                source = layouts.plain(make_network("regular"), name="tiny.ckpt")
                with pytest.raises(SettingsError, match=r"--id"):
                    store.import_file(source, id=card.id, replace=replace)
        refused = (
            r"tiny.ckpt is not known to be LaMa-Fourier \(Places\): it holds a network \(Regular, 2 blocks, width 8, "
        )
        with pytest.raises(SettingsError, match=refused):
            store.import_file(source, id="lama-fourier")
        with pytest.raises(SettingsError, match="not known to be Telea"):
            store.import_file(layouts.plain(network), id="telea")
        assert state(store) == before

    def test_an_id_of_a_card_is_not_for_another_known_model(self, store, layouts, network, publish, tiny_published):
        source = layouts.plain(network)
        publish("big-lama", source)
        with pytest.raises(SettingsError, match="it is Big-LaMa"):
            store.import_file(source, id="lama-fourier")

    def test_a_network_in_words(self):
        big = architecture.published(cards.find_card("big-lama"))
        assert architecture.described(big) == "Fourier, 18 blocks, 51.0 M parameters"

    @pytest.mark.parametrize("id", ["", "../x", "a/b", "A", ".hidden", "x" * 65, "a b", "ä", "a\n"])
    def test_ids_that_cannot_be(self, store, layouts, network, id):
        with pytest.raises(SettingsError, match="cannot be a model's id"):
            store.import_file(layouts.plain(network), id=id)
        assert state(store) == {}

    def test_a_taken_id(self, store, layouts, network, make_network):
        store.import_file(layouts.plain(network), id="mine")
        before = state(store)
        other = layouts.plain(make_network(seed=1), name="other.pth")
        with pytest.raises(SettingsError, match=r"mine already.*--replace"):
            store.import_file(other, id="mine")
        assert state(store) == before
        store.import_file(layouts.plain(network), id="mine")
        replaced = store.import_file(other, id="mine", replace=True)
        assert store.installed() == [replaced]
        assert replaced.source_sha256 == hashlib.sha256(other.read_bytes()).hexdigest()

    def test_a_published_id_that_is_taken(self, store, layouts, network, make_network, tiny_published):
        first = store.import_file(layouts.plain(network), id="big-lama")
        other = layouts.plain(make_network(seed=1), name="other.pth")
        with pytest.raises(SettingsError, match="big-lama already"):
            store.import_file(other, id="big-lama")
        assert store.installed() == [first]
        store.import_file(other, id="big-lama", replace=True)

    def test_a_file_that_is_none_of_ours_is_not_replaced(self, store, layouts, network):
        store.folder.mkdir()
        (store.folder / "mine.safetensors").write_bytes(b"precious")
        with pytest.raises(SettingsError, match="already"):
            store.import_file(layouts.plain(network), id="mine")
        assert store.import_file(layouts.plain(network, name="mine.pth")).id == "mine-2"
        assert (store.folder / "mine.safetensors").read_bytes() == b"precious"

    @pytest.mark.parametrize(
        ("place", "id"),
        [
            ("x/big-lama-x/models/best.ckpt", "big-lama-x"),
            ("x/big-lama/models/best.ckpt", "big-lama-2"),
            ("x/Downloads/best.ckpt", "own-model"),
            ("x/Downloads/windows.ckpt", "windows"),
        ],
    )
    def test_ids_made_from_paths(self, store, layouts, network, monkeypatch, place, id):
        path = layouts.folder / place
        path.parent.mkdir(parents=True)
        path.write_bytes(layouts.plain(network).read_bytes())
        monkeypatch.chdir(path.parent)
        assert store.import_file(path.relative_to(path.parent)).id == id

    def test_places_where_no_file_is(self, store, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "loop").symlink_to("loop")
        words = {".": "holds no models/best.ckpt", "absent.ckpt": "There is no weight file absent.ckpt"}
        words |= {"x" * 5000: "check the name", "loop": "check the name", "a\nb\x1b": r"a\\nb\\x1b: check"}
        for name, word in words.items():
            with pytest.raises(MissingWeightsError, match=word):
                store.import_file(module.Path(name))
        with pytest.raises(MissingWeightsError, match="holds no models"):
            store.resolve(".")

    def test_names_are_escaped(self, store, layouts):
        path = layouts.folder / "a\x1b[31m\nb.pt"
        path.write_bytes(b"nothing")
        with pytest.raises(CorruptWeightsError, match=r"a\\x1b\[31m\\nb.pt is no weight file"):
            store.import_file(path)

    def test_our_own_export_keeps_its_facts(self, store, tmp_path, network):
        path = tmp_path / "exported.safetensors"
        save_weights(network, {"id": "windows", "title": "Windows", "licence": "Mine.", "description": "Panes."}, path)
        found = store.import_file(path)
        assert (found.id, found.card.title, found.card.licence) == ("windows", "Windows", "Mine.")
        assert found.card.description == "Panes."

    def test_every_failure_leaves_the_store_as_it_was(self, store, layouts, network):
        store.import_file(layouts.plain(network, name="good.pth"))
        before = state(store)
        bad = [layouts.folder / name for name in ("empty.pt", "text.pt", "foreign.pth", "cut.pth")]
        bad[0].write_bytes(b"")
        bad[1].write_bytes(b"nothing")
        torch.save({"conv1.weight": torch.ones(1)}, bad[2])
        bad[3].write_bytes(layouts.plain(network).read_bytes()[:-5000])
        bad.append(layouts.plain(network, name="missing.pth", drop=("model.1.ffc.convl2l.weight",)))
        bad.append(layouts.plain(network, name="nan.pth", model__1__bn_l__bias=torch.full((8,), torch.nan)))
        bad.append(layouts.plain(network, name="good.pth", model__1__bn_l__bias=torch.ones(9)))
        for path in bad:
            with pytest.raises(CorruptWeightsError):
                store.import_file(path)
            assert state(store) == before
        with pytest.raises(MissingWeightsError):
            store.import_file(layouts.folder / "absent")
        assert state(store) == before

    @pytest.mark.parametrize("reports", [0, 1, 5, 60, 120])
    def test_cancelled(self, store, layouts, network, reports):
        progress = Progress(lambda fraction, text: told.append(fraction) or (len(told) > reports and progress.cancel()))
        told = []
        with pytest.raises(Cancelled):
            store.import_file(layouts.plain(network), progress=progress)
        assert state(store) == {}

    def test_a_disk_that_is_full(self, store, layouts, network, monkeypatch):
        monkeypatch.setattr("lama_desktop.models.disk.MARGIN", 1 << 60)
        with pytest.raises(ModelError, match="make some room"):
            store.import_file(layouts.plain(network))
        assert state(store) == {}

    def test_a_folder_that_cannot_be_made(self, tmp_path, layouts, network):
        (tmp_path / "file").write_bytes(b"")
        for folder in (tmp_path / "file", tmp_path / "file" / "store", tmp_path / ("x" * 300)):
            with pytest.raises(
                ModelError, match=r"Models cannot be kept in .*(Move it away|shorter).*LAMA_DESKTOP_MODELS"
            ):
                ModelStore(folder).import_file(layouts.plain(network))
            with pytest.raises(ModelError, match="LAMA_DESKTOP_MODELS"):
                ModelStore(folder).installed()

    def test_a_refusal_says_what_to_do(self, store, layouts, network, monkeypatch):
        def refuse(*_):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(disk.tempfile, "mkstemp", refuse)
        with pytest.raises(ModelError, match=r"Change the permissions or choose another folder.*LAMA_DESKTOP_MODELS"):
            store.import_file(layouts.plain(network))

    def test_what_killed_programs_left_is_swept(self, store, layouts, network):
        gone = subprocess.Popen([sys.executable, "-c", ""])
        gone.wait()
        store.folder.mkdir()
        left = {
            "dead": f".a.new.x1.{disk._machine()}-{gone.pid}.tmp",
            "alive": f".a.new.x2.{disk._machine()}-{os.getpid()}.tmp",
            "elsewhere": f".a.new.x3.00000000-{gone.pid}.tmp",
            "fresh": ".a.new.abcd.tmp",
            "old": ".b.new.abcd.tmp",
        }
        for name in left.values():
            (store.folder / name).write_bytes(b"x")
        os.utime(store.folder / left["old"], (0, 0))
        store.import_file(layouts.plain(network), id="mine")
        kept = {left["alive"], left["elsewhere"], left["fresh"]}
        assert set(state(store)) == {*kept, "mine.json", "mine.safetensors"}
        os.utime(store.folder / left["alive"], (0, 0))
        store.remove("mine")
        assert set(state(store)) == kept - {left["alive"]}

    def test_many_at_a_time(self, store, layouts, make_network, tiny_published):
        sources = [layouts.plain(make_network(seed=seed), name=f"{seed}.pth") for seed in range(3)]
        errors = []

        def run(source):
            try:
                store.import_file(source, id="big-lama", replace=True)
            except ModelError as error:
                errors.append(error)

        threads = [threading.Thread(target=run, args=(each,)) for each in sources * 2]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert not errors
        store.verify("big-lama")
        assert sorted(state(store)) == ["big-lama.json", "big-lama.safetensors"]


class TestFolder:
    def test_an_empty_store(self, store):
        assert store.installed() == []
        assert store.find("big-lama") is None
        assert not store.folder.exists()

    def test_the_default_is_the_best_that_is_here(self, store, layouts, network, tiny_published):
        assert store.default() == FALLBACK_MODEL
        store.import_file(layouts.plain(network), id="ant")
        assert store.default() == FALLBACK_MODEL  # nobody has asked for it
        for name in ("lama-fourier", "big-lama"):
            store.import_file(layouts.plain(network), id=name)
            assert store.default() == name

    def test_published_models_come_first(self, store, layouts, network, tiny_published):
        for name in ("zebra", "lama-fourier", "ant", "big-lama"):
            store.import_file(layouts.plain(network), id=name)
        assert [each.id for each in store.installed()] == ["big-lama", "lama-fourier", "ant", "zebra"]

    def test_what_is_not_a_model_is_not_seen(self, store, layouts, network):
        store.folder.mkdir()
        (store.folder / ".half.safetensors.tmp").write_bytes(b"x")
        (store.folder / ".big-lama.download.abc.part").write_bytes(b"x")
        (store.folder / "foreign.safetensors").write_bytes(layouts.safetensors(network).read_bytes())
        (store.folder / "broken.safetensors").write_bytes(b"x")
        (store.folder / "alone.json").write_text("{}")
        (store.folder / "folder.safetensors").mkdir()
        assert store.installed() == []

    def test_an_export_copied_into_the_folder_is_a_model(self, store, network):
        store.folder.mkdir()
        save_weights(network, {"title": "Trained"}, store.folder / "trained.safetensors")
        [found] = store.installed()
        assert (found.id, found.card.title, found.sha256) == ("trained", "Trained", "")
        assert store.verify("trained") == found

    @pytest.mark.parametrize("content", ["", "[]", "{}", '{"card": 3}', '{"card": {"title": 3}}', "null", "\x00"])
    def test_a_damaged_sidecar(self, store, layouts, network, content):
        found = store.import_file(layouts.plain(network), id="mine", title="Mine")
        found.path.with_suffix(".json").write_text(content)
        [found] = store.installed()
        assert found.id == "mine"
        with pytest.raises(
            CorruptWeightsError, match=r"mine.safetensors cannot be compared .*mine.json.*--replace"
        ) as caught:
            store.verify("mine")
        words = shlex.split(str(caught.value).partition("`lama-desktop models import ")[2].partition("`")[0])
        assert words == [str(found.path), "--id", "mine", "--replace"]
        store.import_file(found.path, id="mine", replace=True)
        store.verify("mine")

    def test_missing_models_say_how_to_get_them(self, store):
        with pytest.raises(MissingWeightsError, match=r"models download big-lama.*models import"):
            store.path("big-lama")
        with pytest.raises(MissingWeightsError, match="Did you mean 'big-lama'"):
            store.path("big-lamaa")
        with pytest.raises(MissingWeightsError, match="has no weights"):
            store.path("telea")
        for name in ("../../etc/passwd", "", "a/b"):
            with pytest.raises(MissingWeightsError, match="no model called"):
                store.path(name)

    def test_verify(self, store, layouts, network):
        found = store.import_file(layouts.plain(network), id="mine")
        content = bytearray(found.path.read_bytes())
        content[-1] ^= 1
        found.path.write_bytes(content)
        with pytest.raises(CorruptWeightsError, match=r"not as it was installed.*models remove mine"):
            store.verify("mine")
        found.path.write_bytes(content[:-1])
        with pytest.raises(CorruptWeightsError):
            store.verify("mine")
        with pytest.raises(MissingWeightsError):
            store.verify("absent")

    def test_remove(self, store, layouts, network):
        store.import_file(layouts.plain(network), id="mine")
        store.import_file(layouts.plain(network), id="other")
        (store.folder / ".mine.download.abc.part").write_bytes(b"x")
        store.remove("mine")
        assert sorted(state(store)) == ["other.json", "other.safetensors"]
        with pytest.raises(MissingWeightsError):
            store.remove("mine")

    def test_a_new_model_replaces_the_old_one_under_open_files(
        self, store, layouts, network, make_network, same, tiny_published
    ):
        first = store.import_file(layouts.plain(network), id="big-lama")
        loaded = load_generator(first.path)
        store.import_file(layouts.plain(make_network(seed=1), name="new.pth"), id="big-lama", replace=True)
        store.remove("big-lama")
        assert same(loaded.state_dict(), network)


class TestResolve:
    def test_ids(self, store, layouts, network):
        found = store.import_file(layouts.plain(network), id="mine")
        assert store.resolve("mine") == (found.card, found.path)
        card, path = store.resolve("telea")
        assert (card.kind, path) == ("classical", None)
        with pytest.raises(MissingWeightsError, match="models download big-lama"):
            store.resolve("big-lama")
        with pytest.raises(MissingWeightsError, match="Did you mean 'mine'"):
            store.resolve("mne")

    def test_paths(self, store, layouts, network, tmp_path, monkeypatch):
        source = layouts.plain(network)
        for name in (source, str(source)):
            card, path = store.resolve(name)
            assert (card.title, path) == ("plain.pth", source)
        own = tmp_path / "own.safetensors"
        save_weights(network, {"title": "Own", "licence": "Mine."}, own)
        card, path = store.resolve(own)
        assert (card.title, card.licence, path) == ("Own", "Mine.", own)
        monkeypatch.chdir(tmp_path)
        assert store.resolve("own.safetensors")[0].title == "Own"
        for name in ("absent.pth", "a/b", tmp_path / "absent", "x" * 5000 + ".pt"):
            with pytest.raises(MissingWeightsError, match="no weight file"):
                store.resolve(name)

    def test_an_id_wins_over_a_file_of_the_same_name(self, store, layouts, network, tmp_path, monkeypatch):
        found = store.import_file(layouts.plain(network), id="mine")
        monkeypatch.chdir(tmp_path)
        (tmp_path / "mine").write_bytes(b"x")
        assert store.resolve("mine")[1] == found.path


class TestDownload:
    @pytest.fixture
    def serve(self, monkeypatch):
        """Serve files by name; give a function that makes their addresses."""
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        contents = {}

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                content = contents[self.path.removeprefix("/")]
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()

        def address(name, content, known=True):
            contents[name] = content
            sha256 = hashlib.sha256(content).hexdigest() if known else None
            return Download(f"http://127.0.0.1:{server.server_port}/{name}", len(content) if known else None, sha256)

        yield address
        server.shutdown()
        server.server_close()
        thread.join()

    quick = Patience(stall=1, tries=2, pause=0.01)

    @pytest.mark.parametrize("known", [True, False])
    @pytest.mark.parametrize("layout", ["script", "zip", "lightning", "safetensors"])
    def test_every_wrapping(self, store, layouts, network, serve, publish, same, layout, known):
        path = layouts.zipped(layouts.lightning(network)) if layout == "zip" else getattr(layouts, layout)(network)
        card = publish("big-lama", sources=(serve(path.name, path.read_bytes(), known),), blocks=2, width=8)
        told = []
        found = store.download(card, Progress(lambda fraction, text: told.append(fraction)), patience=self.quick)
        assert (found.id, found.card.title) == ("big-lama", "Big-LaMa")
        assert same(load_generator(found.path).state_dict(), network)
        assert sorted(state(store)) == ["big-lama.json", "big-lama.safetensors"]
        assert told[-1] == 1.0
        store.verify("big-lama")

    def test_a_mirror_after_files_that_are_not_the_model(self, store, layouts, network, make_network, serve, publish):
        sources = (
            serve("page.html", b"<html>", known=False),
            serve("other.pt", layouts.plain(make_network("regular")).read_bytes(), known=False),
            serve("good.pt", layouts.script(network).read_bytes()),
        )
        found = store.download(publish("big-lama", sources=sources, blocks=2, width=8), patience=self.quick)
        assert found.layout == "TorchScript"
        assert sorted(state(store)) == ["big-lama.json", "big-lama.safetensors"]

    def test_a_model_of_unknown_build_is_what_its_own_address_gives(self, store, layouts, network, serve, publish):
        sources = (serve("best.ckpt", layouts.lightning(network).read_bytes(), known=False),)
        assert store.download(publish("celeba-deep", sources=sources), patience=self.quick).id == "celeba-deep"
        with pytest.raises(DownloadError, match="not known to be Big-LaMa"):
            store.download(publish("big-lama", sources=sources), patience=self.quick)

    def test_nothing_good(self, store, layouts, network, serve, publish, tiny_published):
        good = store.import_file(layouts.plain(network), id="big-lama")
        before = state(store)
        sources = (serve("a", b"<html>", known=False), serve("b", b"junk", known=True))
        with pytest.raises(DownloadError, match=r"web page.*no weight file"):
            store.download(publish("big-lama", sources=sources), patience=self.quick)
        assert state(store) == before
        assert [each.sha256 for each in store.installed()] == [good.sha256]

    def test_offline(self, store):
        with pytest.raises(DownloadError, match="switched off"):
            store.download(cards.find_card("big-lama"), offline=True)
        assert not store.folder.exists()

    def test_classical(self, store):
        with pytest.raises(ModelError, match="no weights to download"):
            store.download(cards.find_card("telea"))
        with pytest.raises(ModelError, match="no weights"):
            store.download(ModelCard("x", "X", ""))


class TestBundled:
    """The network that travels with the program."""

    def test_it_is_there_and_whole(self, store):
        found = store.find("starter")
        assert found.card.kind == "bundled"
        assert store.resolve("starter") == (found.card, store.path("starter"))
        assert store.verify("starter").sha256 == disk.digest(found.path)
        assert found.path.stat().st_size < 30e6
        assert found.path.with_name("starter-credits.txt").exists()
        config = load_generator(found.path).config
        assert (config.width, config.blocks) == (found.card.width, found.card.blocks)

    def test_it_is_no_installed_model_and_not_the_default(self, store):
        assert store.installed() == []
        assert store.default() == FALLBACK_MODEL

    def test_it_cannot_be_removed_or_downloaded(self, store):
        with pytest.raises(ModelError, match="travels with the program"):
            store.remove("starter")
        assert store.find("starter")
        with pytest.raises(ModelError, match="no weights to download"):
            store.download(cards.find_card("starter"))

    def test_a_trained_one_gets_another_name(self, store, tmp_path):
        own = tmp_path / "starter.safetensors"
        save_weights(load_generator(store.path("starter")), {"id": "starter", "title": "Mine"}, own)
        assert store.import_file(own).id == "starter-2"
        with pytest.raises(SettingsError, match="There is a model called starter already"):
            store.import_file(own, id="starter")

    def test_an_installation_without_it(self, store, monkeypatch):
        def missing(*parts):
            raise FileNotFoundError

        monkeypatch.setattr(installed, "resource", missing)
        assert store.find("starter") is None
        with pytest.raises(MissingWeightsError, match="install LaMa Desktop again"):
            store.path("starter")
