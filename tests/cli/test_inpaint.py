"""`lama-desktop inpaint`: files in, files out, and nothing else touched."""

import io
import signal

import cv2
import numpy as np
import pytest
import tifffile
import torch
from PIL import Image as PillowImage
from PIL import ImageCms
from scene import HOLE, picture, write_mask

from lama_desktop import formats
from lama_desktop.engine.classical import ClassicalModel
from lama_desktop.models.cards import FALLBACK_MODEL
from lama_desktop.networks.generators import FourierConfig, build_generator

SRGB_PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def names(folder) -> set[str]:
    return {path.name for path in folder.iterdir()}


def pixels(path) -> np.ndarray:
    with PillowImage.open(path) as found:
        return np.asarray(found)


def test_the_result_lies_beside_the_photo_by_default(program, photo, mask, tmp_path):
    before = photo.read_bytes(), mask.read_bytes()
    code, text, messages = program("inpaint", photo, "-m", mask, "--model", "telea")
    assert code == 0
    assert text.startswith(f"{tmp_path / 'photo-clean.png'}: 120 × 90, 8 bit, filled by telea in ")
    assert "--grow 0" in text
    assert messages == ""
    assert names(tmp_path) == {"photo.png", "mask.png", "photo-clean.png"}
    assert (photo.read_bytes(), mask.read_bytes()) == before
    assert pixels(tmp_path / "photo-clean.png")[HOLE].mean() > 60


def test_without_weights_a_classical_fill_does_the_job(program, photo, mask):
    code, text, _ = program("inpaint", photo, "-m", mask)
    assert code == 0
    assert f"filled by {FALLBACK_MODEL} in " in text


def test_json_is_one_document(program, photo, mask, tmp_path):
    words = ("inpaint", photo, "-m", mask, "-o", tmp_path / "out.tif", "--model", "telea", "--json")
    code, document, messages = program(*words)
    assert (code, messages) == (0, "")
    assert document["output"] == str(tmp_path / "out.tif")
    assert (document["model"], document["width"], document["height"], document["depth"]) == ("telea", 120, 90, 8)
    (window,) = document["windows"]
    left, top, right, bottom = window["rect"]
    assert 0 <= left < 50
    assert 0 <= top < 40
    assert 80 < right <= 120
    assert 60 < bottom <= 90
    assert document["seconds"]["total"] >= document["seconds"]["fill"]
    assert document["notes"] == []


def test_a_network_by_path_and_by_id(program, photo, mask, weights, tmp_path):
    by_path = program("inpaint", photo, "-m", mask, "--model", weights, "-o", tmp_path / "a.png", "--device", "cpu")
    assert by_path[0] == 0
    assert program("models", "import", weights, "--id", "mine")[0] == 0
    words = ("inpaint", photo, "-m", mask, "-o", tmp_path / "b.png", "--device", "cpu")
    assert f"filled by {FALLBACK_MODEL}" in program(*words)[1]  # a model of one's own is used when it is asked for
    by_id = program(*words, "--model", "mine")
    assert "filled by mine" in by_id[1]
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("model", ["telea", "network"])
def test_outside_the_mask_every_bit_stays(program, mask, weights, tmp_path, suffix, dtype, model):
    image = picture(dtype=dtype)
    image[0] = np.iinfo(dtype).max
    source, output = tmp_path / f"in{suffix}", tmp_path / f"out{suffix}"
    if suffix == ".tif":
        tifffile.imwrite(source, image, photometric="rgb")
    else:
        cv2.imwrite(str(source), image[..., ::-1])
    chosen = weights if model == "network" else "telea"
    words = ("inpaint", source, "-m", mask, "-o", output, "--grow", "0", "--model", chosen, "--device", "cpu")
    assert program(*words)[0] == 0
    result = tifffile.imread(output) if suffix == ".tif" else cv2.imread(str(output), cv2.IMREAD_UNCHANGED)[..., ::-1]
    assert result.dtype == dtype
    outside = np.ones(image.shape[:2], bool)
    outside[HOLE] = False
    assert np.array_equal(result[outside], image[outside])
    assert (result[HOLE] != 0).mean() > 0.99


def test_metadata_and_profile_are_carried(program, mask, tmp_path):
    exif = PillowImage.Exif()
    exif[0x010F], exif[0x8298] = "Camera Works", "Somebody"
    source = tmp_path / "photo.jpg"
    PillowImage.fromarray(picture()).save(
        source, quality=91, subsampling="4:2:2", exif=exif, icc_profile=SRGB_PROFILE, dpi=(300, 300), comment=b"hello"
    )
    assert program("inpaint", source, "-m", mask, "--model", "telea")[::2] == (0, "")
    with PillowImage.open(source) as before, PillowImage.open(tmp_path / "photo-clean.jpg") as after:
        assert after.info["icc_profile"] == SRGB_PROFILE
        assert dict(after.getexif()) == dict(before.getexif())
        assert after.info["dpi"] == before.info["dpi"]
        assert after.info["comment"] == b"hello"
        assert after.quantization == before.quantization
        assert [part[1:3] for part in after.layer] == [part[1:3] for part in before.layer]
    words = ("inpaint", source, "-m", mask, "-o", tmp_path / "b.jpg", "--model", "telea", "--strip-metadata")
    assert program(*words)[0] == 0
    with PillowImage.open(tmp_path / "b.jpg") as after:
        assert not after.getexif()
        assert "comment" not in after.info
        assert after.info["icc_profile"] == SRGB_PROFILE


def test_the_mask_fits_the_photo_as_it_is_shown(program, mask, tmp_path):
    exif = PillowImage.Exif()
    exif[0x0112] = 6
    source = tmp_path / "photo.png"
    PillowImage.fromarray(np.rot90(picture())).save(source, exif=exif)
    assert program("inpaint", source, "-m", mask, "--model", "telea", "--grow", "0")[0] == 0
    result = pixels(tmp_path / "photo-clean.png")
    assert result.shape == (90, 120, 3)
    outside = np.ones(result.shape[:2], bool)
    outside[HOLE] = False
    assert np.array_equal(result[outside], picture()[outside])


def test_what_a_format_cannot_hold_is_told(program, mask, tmp_path):
    source = tmp_path / "photo.png"
    cv2.imwrite(str(source), picture(4, np.uint16))
    code, text, messages = program("inpaint", source, "-m", mask, "-o", tmp_path / "out.jpg", "--model", "telea")
    assert code == 0
    assert "Note:" not in text
    assert messages.count("Note: ") == 3
    for word in ("8 bits", "transparen", "loss"):
        assert word in messages
    words = ("inpaint", source, "-m", mask, "-o", tmp_path / "out.jpg", "--model", "telea", "--json")
    assert len(program(*words)[1]["notes"]) == 3


@pytest.mark.parametrize("choice", ["keep", "fill"])
def test_a_transparent_hole(program, mask, tmp_path, choice):
    image = picture(4)
    image[..., 3] = 255
    image[HOLE] = 0
    PillowImage.fromarray(image).save(tmp_path / "photo.png")
    code, _, _ = program("inpaint", tmp_path / "photo.png", "-m", mask, "--model", "telea", "--alpha", choice)
    assert code == 0
    result = pixels(tmp_path / "photo-clean.png")
    assert (result[HOLE][..., 3] == (255 if choice == "fill" else 0)).all()
    if choice == "fill":
        assert result[HOLE][..., :3].min() > 60


def test_a_soft_mask_blends_and_a_hard_one_is_cut(program, photo, tmp_path):
    write_mask(tmp_path / "grey.png", 100)
    words = ("inpaint", photo, "-m", tmp_path / "grey.png", "--model", "telea", "--grow", "0")
    code, _, messages = program(*words)
    assert code == 2
    assert "grey.png removes nothing" in messages
    assert program(*words, "--soft-mask", "-o", tmp_path / "soft.png")[0] == 0
    write_mask(tmp_path / "grey.png", 200)
    assert program(*words, "-o", tmp_path / "hard.png")[0] == 0
    soft, hard = pixels(tmp_path / "soft.png")[HOLE], pixels(tmp_path / "hard.png")[HOLE]
    assert np.abs(soft - hard * (100 / 255)).max() <= 1


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_a_sheet_shows_before_and_after(program, photo, mask, tmp_path, suffix):
    words = ("inpaint", photo, "-m", mask, "--model", "telea", "--sheet", tmp_path / f"sheet{suffix}")
    assert program(*words)[0] == 0
    sheet = pixels(tmp_path / f"sheet{suffix}")
    assert sheet.shape == (90 + 32, 240 + 48, 3)
    assert (sheet[:10] > 250).all()
    before, after = sheet[16 + 50, 16 + 65].astype(int), sheet[16 + 50, 32 + 120 + 65].astype(int)
    assert before[0] > before[1] + 60  # the mask is marked in red
    assert after.min() > 60


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_as_published(program, weights, tmp_path, depth):
    """An odd-sized picture with a grey mask, against the published recipe written out once more."""
    random = np.random.default_rng(2)
    image = random.integers(0, np.iinfo(depth).max + 1, (61, 83, 3)).astype(depth)
    grey = np.zeros((61, 83), np.uint8)
    grey[20:45, 30:70] = random.choice([0, 1, 100, 255], (25, 40))
    grey[-1, -1] = 3
    cv2.imwrite(str(tmp_path / "a.png"), image[..., ::-1])
    PillowImage.fromarray(grey).save(tmp_path / "m.png")
    words = ("inpaint", tmp_path / "a.png", "-m", tmp_path / "m.png", "-o", tmp_path / "out.png", "--model", weights)
    assert program(*words, "--as-published")[0] == 0

    network = build_generator(FourierConfig(width=8, blocks=2))
    network.load_state_dict(torch.load(weights))
    full = np.float32(np.iinfo(depth).max)
    picture_, hole = image.astype(np.float32) / full, (grey > 0).astype(np.float32)[..., None]
    padded = [np.pad(each, ((0, 3), (0, 5), (0, 0)), mode="symmetric") for each in (picture_, hole)]
    seen = np.concatenate([padded[0] * (1 - padded[1]), padded[1]], axis=2).transpose(2, 0, 1)[None]
    with torch.no_grad():
        answer = network.eval()(torch.from_numpy(seen))[0].numpy().transpose(1, 2, 0)
    blended = (padded[1] * answer + (1 - padded[1]) * padded[0])[:61, :83]
    expected = np.clip(blended * full, 0, full).astype(depth)  # cut, not rounded

    result = cv2.imread(str(tmp_path / "out.png"), cv2.IMREAD_UNCHANGED)[..., ::-1]
    assert np.array_equal(result[grey == 0], image[grey == 0])
    difference = np.abs(result.astype(int) - expected)
    assert difference.max() <= 1  # layer by layer or at once: the last bit of a sum may differ
    assert (difference > 0).mean() < 0.001 if depth is np.uint8 else True


def test_as_published_needs_a_network(program, photo, mask):
    code, _, messages = program("inpaint", photo, "-m", mask, "--model", "telea", "--as-published")
    assert code == 2
    assert "--model big-lama" in messages


class TestRefusals:
    def test_the_photo_is_not_overwritten_unless_that_is_asked(self, program, photo, mask):
        before = photo.read_bytes()
        code, _, messages = program("inpaint", photo, "-m", mask, "-o", photo, "--model", "telea")
        assert code == 2
        assert "--overwrite" in messages
        assert photo.read_bytes() == before
        assert program("inpaint", photo, "-m", mask, "-o", photo, "--model", "telea", "--overwrite")[0] == 0
        assert photo.read_bytes() != before

    def test_nor_by_another_name_of_it(self, program, photo, mask, tmp_path):
        (tmp_path / "link.png").symlink_to(photo)
        assert program("inpaint", photo, "-m", mask, "-o", tmp_path / "link.png", "--model", "telea")[0] == 2

    def test_the_mask_is_never_overwritten(self, program, photo, mask):
        before = mask.read_bytes()
        code, _, messages = program("inpaint", photo, "-m", mask, "-o", mask, "--model", "telea", "--overwrite")
        assert code == 2
        assert "another name" in messages
        assert mask.read_bytes() == before

    @pytest.mark.parametrize("victim", ["photo.png", "mask.png", "out.png"])
    def test_a_sheet_overwrites_neither_inputs_nor_the_output(self, program, photo, mask, tmp_path, victim):
        before = photo.read_bytes(), mask.read_bytes()
        words = ("inpaint", photo, "-m", mask, "-o", tmp_path / "out.png", "--model", "telea")
        assert program(*words, "--sheet", tmp_path / victim)[0] == 2
        assert (photo.read_bytes(), mask.read_bytes()) == before

    def test_overwrite_is_for_the_output_and_never_for_the_sheet(self, program, photo, mask, tmp_path):
        before = photo.read_bytes()
        words = ("inpaint", photo, "-m", mask, "-o", tmp_path / "out.png", "--model", "telea", "--overwrite")
        assert program(*words, "--sheet", photo)[0] == 2
        assert photo.read_bytes() == before

    def test_a_sheet_may_not_take_the_name_of_the_default_output(self, program, photo, mask, tmp_path):
        sheet = tmp_path / f"{photo.stem}-clean.png"
        assert program("inpaint", photo, "-m", mask, "--model", "telea", "--sheet", sheet)[0] == 2
        assert not sheet.exists()

    def test_missing_files(self, program, photo, mask, tmp_path):
        for words in (("gone.png", "-m", mask), (photo, "-m", "gone.png")):
            code, text, messages = program("inpaint", *words, "--model", "telea")
            assert (code, text) == (2, "")
            assert "There is no file gone.png" in messages
        assert names(tmp_path) == {"photo.png", "mask.png"}

    @pytest.mark.parametrize(
        ("output", "words"),
        [
            ("absent/out.png", "no folder"),
            ("out.gif", "must end in"),
            ("out", "must end in"),
            ("folder.png", "is a folder"),
        ],
    )
    def test_places_where_no_result_can_be(self, program, photo, mask, tmp_path, monkeypatch, output, words):
        (tmp_path / "folder.png").mkdir()
        monkeypatch.setattr(ClassicalModel, "fill", None)  # it is found out before any work
        code, _, messages = program("inpaint", photo, "-m", mask, "-o", tmp_path / output, "--model", "telea")
        assert code == 2
        assert words in messages

    @pytest.mark.parametrize("content", [b"", b"nonsense" * 10, b"\x89PNG\r\n\x1a\n" + bytes(40)])
    def test_what_is_no_picture(self, program, photo, mask, tmp_path, content):
        (tmp_path / "bad.png").write_bytes(content)
        for words in (("bad.png", "-m", mask), (photo, "-m", "bad.png")):
            code, _, messages = program("inpaint", *words, "--model", "telea")
            assert code == 2
            assert "bad.png" in messages
            assert len(messages.splitlines()) == 1

    def test_a_mask_of_another_size(self, program, photo, tmp_path):
        write_mask(tmp_path / "m.png", size=(130, 90))
        code, _, messages = program("inpaint", photo, "-m", tmp_path / "m.png", "--model", "telea")
        assert code == 2
        assert "130 × 90" in messages
        assert "120 × 90" in messages

    @pytest.mark.parametrize("value", [0, 255])
    def test_a_mask_of_nothing_or_of_everything(self, program, photo, tmp_path, value):
        PillowImage.new("L", (120, 90), value).save(tmp_path / "m.png")
        code, _, messages = program("inpaint", photo, "-m", tmp_path / "m.png", "--model", "telea")
        assert code in {1, 2}
        assert "paint" in messages or "unmasked" in messages
        assert not (tmp_path / "photo-clean.png").exists()

    @pytest.mark.parametrize(
        ("model", "words"), [("big-lama", "models download"), ("telae", "'telea'"), ("gone.pt", "no weight file")]
    )
    def test_models_that_are_not_here(self, program, photo, mask, model, words):
        code, _, messages = program("inpaint", photo, "-m", mask, "--model", model)
        assert code == 4
        assert words in messages

    def test_a_weight_file_that_is_none(self, program, photo, mask, tmp_path):
        torch.save({"fc.weight": torch.ones(2)}, tmp_path / "resnet.pth")
        code, _, messages = program("inpaint", photo, "-m", mask, "--model", tmp_path / "resnet.pth")
        assert code == 4
        assert "resnet.pth holds no LaMa generator" in messages

    @pytest.mark.parametrize(
        ("option", "value"), [("--grow", "-1"), ("--quality", "101"), ("--context", "0"), ("--context", "nan")]
    )
    def test_values_out_of_range(self, program, photo, mask, option, value):
        code, _, messages = program("inpaint", photo, "-m", mask, "--model", "telea", option, value)
        assert code == 2
        assert option.removeprefix("--") in messages

    def test_a_device_that_is_not_here(self, program, photo, mask, weights):
        absent = "mps" if not torch.backends.mps.is_available() else "cuda"
        code, _, messages = program("inpaint", photo, "-m", mask, "--model", weights, "--device", absent)
        assert code == 2
        assert absent in messages


class TestInterruption:
    @pytest.fixture
    def words(self, photo, mask, tmp_path):
        return "inpaint", photo, "-m", mask, "-o", tmp_path / "out.png", "--model", "telea"

    @pytest.mark.parametrize("times", [1, 2])
    def test_ctrl_c_during_a_fill(self, program, words, tmp_path, monkeypatch, times):
        (tmp_path / "out.png").write_bytes(b"old")
        fill = ClassicalModel.fill

        def interrupted(*arguments):
            for _ in range(times):
                signal.raise_signal(signal.SIGINT)
            return fill(*arguments)

        monkeypatch.setattr(ClassicalModel, "fill", interrupted)
        assert program(*words) == (130, "", "Stopped; nothing was changed.\n")
        assert (tmp_path / "out.png").read_bytes() == b"old"
        assert names(tmp_path) == {"photo.png", "mask.png", "out.png"}

    def test_a_failed_write_keeps_the_old_file(self, program, words, tmp_path, monkeypatch):
        (tmp_path / "out.png").write_bytes(b"old")

        def full(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("os.fsync", full)
        code, _, messages = program(*words)
        assert code == 2
        assert "the disk is full" in messages
        assert (tmp_path / "out.png").read_bytes() == b"old"
        assert names(tmp_path) == {"photo.png", "mask.png", "out.png"}


def test_the_progress_line_is_drawn_on_a_terminal_only(photo, mask, capsys, monkeypatch):
    from lama_desktop.cli import main

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    assert main(["inpaint", str(photo), "-m", str(mask), "--model", "telea"]) == 0
    assert "photo.png" in screen.getvalue()
    assert screen.getvalue().endswith("\r\x1b[K")
    assert "\r" not in capsys.readouterr().out


def test_what_is_written_reads_back_as_the_same_kind(program, mask, tmp_path):
    for mode in ("L", "LA", "RGBA", "P", "CMYK"):
        source = tmp_path / ("photo.tif" if mode == "CMYK" else "photo.png")
        PillowImage.fromarray(picture()).convert("RGBA" if mode == "LA" else "RGB").convert(mode).save(source)
        output = source.with_stem("out")
        assert program("inpaint", source, "-m", mask, "-o", output, "--model", "telea")[0] == 0
        before, after = formats.read(source), formats.read(output)
        assert (after.model, after.has_alpha, after.depth, after.size) == (
            before.model,
            before.has_alpha,
            before.depth,
            before.size,
        )


class TestSampling:
    """`--sample-from` and `--avoid`: where texture may come from."""

    @pytest.fixture
    def halves(self, tmp_path):
        """A photo whose left half is dark and right half bright, a hole in the left, and a mask of the right."""
        image = np.full((120, 160, 3), 50, np.uint8)
        image[:, 80:] = 200
        hole, right = np.zeros((120, 160), np.uint8), np.zeros((120, 160), np.uint8)
        hole[50:70, 25:45], right[:, 80:] = 255, 255
        for name, pixels in (("halves", image), ("hole", hole), ("right", right)):
            cv2.imwrite(str(tmp_path / f"{name}.png"), pixels)
        return tmp_path

    @pytest.mark.parametrize(("flag", "value"), [("--sample-from", 200), ("--avoid", 50)])
    def test_texture_comes_from_where_it_may(self, program, halves, flag, value):
        words = ("inpaint", halves / "halves.png", "-m", halves / "hole.png", "-o", halves / "out.png", "--grow", "0")
        assert program(*words, "--model", "patches", flag, halves / "right.png", "--device", "cpu")[0] == 0
        assert (cv2.imread(str(halves / "out.png"))[50:70, 25:45] == value).all()

    def test_a_model_that_copies_nothing_says_so(self, program, halves):
        words = ("inpaint", halves / "halves.png", "-m", halves / "hole.png", "-o", halves / "out.png")
        code, _, messages = program(*words, "--model", "telea", "--avoid", halves / "right.png")
        assert code == 2
        assert "telea copies no texture" in messages
        assert not (halves / "out.png").exists()

    def test_nothing_to_copy_from_is_explained(self, program, halves):
        words = ("inpaint", halves / "halves.png", "-m", halves / "hole.png", "-o", halves / "out.png")
        right = halves / "right.png"
        code, _, messages = program(*words, "--model", "patches", "--sample-from", right, "--avoid", right)
        assert code == 2
        assert "leave nothing to copy from" in messages
