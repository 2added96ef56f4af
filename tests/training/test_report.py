"""The report: complete in itself, true to the log, and bounded however long the run is."""

import base64
import re
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest

from lama_desktop.errors import FileFormatError
from lama_desktop.formats import atomic
from lama_desktop.training.config import TrainConfig, to_toml
from lama_desktop.training.log import Entry, Kind, Log, State
from lama_desktop.training.report import MOST_SHEETS, duration, write_report

VOID = {"meta", "input", "img", "br", "link"}


class Page(HTMLParser):
    """Checks that every tag is closed, and collects what could ask a server for something."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.text, self.open, self.sources, self.words = text, [], [], []
        self.feed(text)
        self.close()
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag, attributes):
        self.sources += [value for name, value in attributes if name in ("src", "href", "action", "data")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] not in (["style"], ["script"]):
            self.words.append(data.strip())

    @property
    def shown(self):
        return re.sub(r"\s+", " ", " ".join(self.words)).strip()


def sheet(folder, name, value=90, size=(300, 200)):
    (folder / "sheets").mkdir(exist_ok=True)
    cv2.imwrite(str(folder / "sheets" / name), np.full((size[1], size[0], 3), value, np.uint8))
    return f"sheets/{name}"


def write_run(folder, steps=(10, 20, 30), state=State.FINISHED, **end):
    log = Log(folder, 0)
    log.add(Entry(Kind.START, 0, 1_000_000.0, steps=40))
    for step in steps:
        log.add(
            Entry(
                Kind.TRAIN,
                step,
                1_000_000.0 + 60 * step,
                {"total": 20 / step, "l1": 2 / step, "score_real": 1.0, "score_fake": -1.0, "my_own": 7.0},
                images_per_second=42.0,
                seconds_left=7500.0,
            )
        )
        log.add(
            Entry(
                Kind.VALIDATION,
                step,
                1_000_001.0 + 60 * step,
                {"psnr": 14 + abs(step - 20) / -100, "swd": 3.0},
                sheet=sheet(folder, f"{step}.jpg"),
            )
        )
    if state is not State.RUNNING:
        log.add(Entry(Kind.END, steps[-1], 1_000_000.0 + 60 * steps[-1], state=state, **end))
    return log


def read(folder):
    return Page(write_report(folder).read_text(encoding="utf-8"))


def test_the_page_needs_nothing_but_itself(tmp_path):
    write_run(tmp_path)
    (tmp_path / "recipe.toml").write_text(to_toml(TrainConfig()), encoding="utf-8")
    page = read(tmp_path)
    assert all(source.startswith("data:image/jpeg;base64,") for source in page.sources)
    assert "default-src 'none'" in page.text
    assert "@import" not in page.text
    assert "url(" not in page.text


def test_it_tells_how_the_run_stands(tmp_path):
    write_run(tmp_path, state=State.RUNNING)
    page = read(tmp_path)
    for words in (
        f"{tmp_path.name} running",
        "Step 30 of 40, 75.0%",
        "Time left 2 h 5 min 30 min so far",
        "Pictures/s 42",
        "PSNR 13.90 best 14.00 at 20",
        "Texture distance 3.000 best 3.000",
        "my own",
        "photographs 1.000 fills -1.000",
    ):
        assert words in page.shown
    assert 'data-state="running"' in page.text
    assert 'http-equiv="refresh"' in page.text


@pytest.mark.parametrize("state", [State.FINISHED, State.STOPPED, State.FAILED])
def test_a_run_that_is_over_says_so_and_does_not_load_itself_again(tmp_path, state):
    write_run(tmp_path, state=state, text="The <reason> & so on.")
    page = read(tmp_path)
    assert f"{tmp_path.name} {state}" in page.shown
    assert f"{str(state).capitalize()}. The <reason> & so on." in page.shown
    assert ('class="failure' in page.text) == (state is State.FAILED)
    assert "Time left" not in page.shown
    assert f'data-state="{state}"' in page.text
    assert 'http-equiv="refresh"' not in page.text


def test_what_happened_and_what_is_broken_is_listed(tmp_path):
    log = write_run(tmp_path, state=State.RUNNING)
    log.add(Entry(Kind.NOTE, 30, 1.0, text="a <b>note</b>"))
    log.add(Entry(Kind.BROKEN, 30, 1.0, names=("a.jpg", "<img src=x>.png")))
    log.add(Entry(Kind.BROKEN, 30, 1.0, names=tuple(f"{index}.jpg" for index in range(2000))))
    log.add(Entry(Kind.START, 30, 2.0, steps=40))
    page = read(tmp_path)
    for words in (
        "Started.",
        "a <b>note</b>",
        "Continued from step 30.",
        "2,002 pictures could not be used and were skipped",
        "<img src=x>.png",
        "and 1,502 more",
    ):
        assert words in page.shown


def test_the_recipe_is_shown_with_what_was_changed_marked(tmp_path):
    write_run(tmp_path)
    text = to_toml(TrainConfig()).replace('name = "lama"', 'name = "my <net>"').replace("width = 64", "width = 48", 1)
    (tmp_path / "recipe.toml").write_text(text, encoding="utf-8")
    page = read(tmp_path)
    assert page.shown.startswith("my <net> – finished my <net> finished")
    assert page.text.count('class="changed"') == 2
    assert re.search(r'class="changed" title="Channels of the first layer[^"]*"><td>width</td><td>48</td>', page.text)
    (tmp_path / "recipe.toml").write_text("[[ no recipe", encoding="utf-8")
    assert "Configuration" not in read(tmp_path).shown


def test_pictures_are_few_small_and_the_latest_is_shown(tmp_path):
    log = write_run(tmp_path, state=State.RUNNING)
    for step in range(40, 2000, 10):
        log.add(Entry(Kind.VALIDATION, step, 1.0, {"psnr": 1.0}, sheet=sheet(tmp_path, f"{step}.jpg")))
    large = sheet(tmp_path, "large.jpg", size=(3000, 9000))
    log.add(Entry(Kind.VALIDATION, 2000, 1.0, {"psnr": 1.0}, sheet=large))
    page = read(tmp_path)
    assert len(page.sources) == MOST_SHEETS
    assert re.findall(r'id="sheet-(\d+)"', page.text)[0] == "10"
    assert re.findall(r'id="sheet-(\d+)" checked', page.text) == ["2000"]
    last = cv2.imdecode(np.frombuffer(base64.b64decode(page.sources[-1].split(",")[1]), np.uint8), cv2.IMREAD_COLOR)
    width, height = map(int, re.findall(r'width="(\d+)" height="(\d+)"', page.text)[-1])
    assert last.shape[:2] == (height, width)
    assert height <= 4096
    assert height / width == pytest.approx(3, rel=0.01)


def test_a_sheet_that_is_gone_damaged_or_replaced_is_no_trouble(tmp_path):
    write_run(tmp_path)
    before = read(tmp_path).sources
    (tmp_path / "sheets" / "10.jpg").unlink()
    (tmp_path / "sheets" / "20.jpg").write_bytes(b"")
    (tmp_path / "sheets" / "30.jpg").write_bytes(b"no picture")
    assert read(tmp_path).sources == []
    sheet(tmp_path, "30.jpg", value=200)
    assert read(tmp_path).sources not in ([], before[-1:])


def test_a_long_run_is_a_page_of_moderate_size(tmp_path):
    with (tmp_path / "log.jsonl").open("wb") as file:
        for step in range(50, 500_001, 50):
            values = dict.fromkeys(("total", "l1", "adversarial", "discriminator"), 1.0 + step * 7919 % 1000 / 1000)
            file.write(Entry(Kind.TRAIN, step, float(step), values, 10.0, 1.0).to_line())
    path = write_report(tmp_path)
    assert path.stat().st_size < 300_000


def test_an_empty_folder_has_a_page_too(tmp_path):
    assert "Step 0 of 0" in read(tmp_path).shown


def test_a_disk_that_refuses_leaves_the_old_page(tmp_path, monkeypatch):
    write_run(tmp_path)
    path = write_report(tmp_path)
    before = path.read_bytes()

    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic.os, "replace", refuse)
    with pytest.raises(FileFormatError, match=r"report.html could not be saved: the disk is full"):
        write_report(tmp_path)
    assert path.read_bytes() == before
    assert not list(tmp_path.glob(".*"))


def test_time_spans_are_in_words():
    spans = (0, 45.4, 59.6, 720, 3600 * 4 + 720, 3600 * 50, 86400 * 3.5)
    assert [duration(span) for span in spans] == [
        *("0 s", "45 s", "1 min", "12 min", "4 h 12 min", "2 d 2 h", "3 d 12 h"),
    ]
