"""What an export would lack is said: before, on its page, or afterwards; and a photo that is closed is let go."""

import threading

import pytest
from window import write_photo

from lama_desktop.formats import WriteOptions
from lama_desktop.ui import edits
from lama_desktop.ui.export import ExportPage
from lama_desktop.ui.jobs import Job

WHITE = "transparent parts become white"


@pytest.fixture
def document(opened, tmp_path):
    (found,) = opened(write_photo(tmp_path / "photo.png"))
    return found


@pytest.fixture
def pages(app):
    """Accept the page of every export; return what was read on them."""
    read = []

    def ask(facts, path):
        page = ExportPage(app.window, facts, path, WriteOptions())
        read.append(page.losses.text())
        return page.options

    app.window.exporter.ask_options = ask
    return read


def idle(app, until):
    until(lambda: not app.runner.jobs)
    app.application.processEvents()


def told(app):
    return [each.text for each in app.window.notices.shown]


def rotate(app, document, until):
    edits.rotate(document, app.runner, 10, pytest.fail)
    idle(app, until)


@pytest.mark.parametrize("suffix", [".bmp", ".jpg"])
def test_the_page_says_that_transparency_goes(app, document, pages, tmp_path, until, suffix):
    rotate(app, document, until)
    app.window.prompts.target = tmp_path / f"out{suffix}"
    app.do("export")
    idle(app, until)
    assert WHITE in pages[0]
    assert f"out{suffix} was written." in told(app)
    assert not any(WHITE in each for each in told(app)), "it was said before"


def test_what_was_not_said_before_is_told_afterwards_once(app, document, pages, tmp_path, until):
    app.window.prompts.target = tmp_path / "out.bmp"
    app.do("export")
    idle(app, until)
    assert pages == ["The file keeps all there is to the picture."]
    rotate(app, document, until)
    app.do("export-again")
    idle(app, until)
    assert [each for each in told(app) if WHITE in each]
    for each in app.window.notices.shown:
        each.go()
    app.do("export-again")
    idle(app, until)
    assert len(pages) == 1
    assert told(app) == ["out.bmp was written."]


def test_a_photo_that_is_closed_while_it_is_written_is_let_go(app, document, tmp_path, until):
    gate = threading.Event()
    app.runner.submit(Job("before it on the lane", lambda progress: gate.wait(20)))
    app.window.prompts.target = tmp_path / "out.png"
    app.do("export")
    app.window.files.close(document)
    gate.set()
    idle(app, until)
    assert (tmp_path / "out.png").is_file()
    assert not app.window.exporter._last
