"""Plans: every photo has one line, with its masks and its result, or the reason why there is none."""

import json
from dataclasses import replace
from pathlib import Path

import lots
import pytest

from lama_desktop.batch.plan import Plan, State
from lama_desktop.batch.planner import Planner, make_plan
from lama_desktop.errors import Cancelled, FileFormatError
from lama_desktop.progress import Progress


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "in"


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def outputs(plan: Plan, out: Path) -> dict[str, tuple[str, State]]:
    return {task.photo.name: (task.output.relative_to(out).as_posix(), task.state) for task in plan.tasks}


def states(plan: Plan) -> dict[str, State]:
    return {task.photo.name: task.state for task in plan.tasks}


def test_results_keep_folder_name_and_format(folder, out):
    lots.pair(folder, "a", ".jpg")
    lots.pair(folder / "s", "b", ".TIFF")
    plan = make_plan(lots.order(folder, output=out))
    assert outputs(plan, out) == {"a.jpg": ("a.jpg", State.READY), "b.TIFF": ("s/b.TIFF", State.READY)}
    assert [task.number for task in plan.tasks] == [1, 2]
    assert not out.exists()


def test_a_wrong_suffix_is_put_right(folder, out):
    lots.pair(folder, "a", ".jpg").rename(folder / "a.png")
    assert outputs(make_plan(lots.order(folder, output=out)), out) == {"a.png": ("a.jpg", State.READY)}


def test_formats_and_names_by_choice(folder, out):
    lots.pair(folder, "a", ".jpg")
    lots.pair(folder, "b", ".webp")
    plan = make_plan(lots.order(folder, output=out, format="webp", name="{number:02}-{name}"))
    assert [task.output.name for task in plan.tasks] == ["01-a.webp", "02-b.webp"]


def test_what_cannot_be_done_has_its_reason(folder, out):
    lots.pair(folder, "good")
    lots.photo(folder / "bare.png")
    lots.pair(folder, "empty").write_bytes(b"")
    lots.pair(folder, "text").write_text("no picture at all")
    lots.photo(folder / "two.jpg")
    lots.pair(folder, "two")
    lots.mask(folder / "nobody_mask.png")
    (folder / "notes.txt").touch()
    plan = make_plan(lots.order(folder, output=out))
    assert states(plan) == {
        "good.png": State.READY,
        "bare.png": State.UNMASKED,
        "empty.png": State.UNREADABLE,
        "text.png": State.UNREADABLE,
        "two.jpg": State.UNCLEAR,
        "two.png": State.UNCLEAR,
    }
    assert all(task.reason.endswith(".") for task in plan.tasks if task.state is not State.READY)
    assert [each.name for each in plan.masks_alone] == ["nobody_mask.png"]
    assert plan.headline() == (
        "6 photos: 1 ready, 1 no mask, 2 unclear mask, 2 unreadable, 1 mask without a photo, 1 other file"
    )
    lines = list(plan.lines())
    assert f"ready              {folder / 'good.png'} + good_mask.png -> {out / 'good.png'}" in lines
    assert f"no photo           {folder / 'nobody_mask.png'}" in lines


class TestNamesThatAreTaken:
    def test_an_existing_result_is_skipped_replaced_or_evaded(self, folder, out):
        lots.pair(folder, "a")
        lots.photo(out / "a.png")
        found = {}
        for choice in ("skip", "overwrite", "rename"):
            (task,) = make_plan(lots.order(folder, output=out, existing=choice)).tasks
            found[choice] = task.state, task.output.name
        assert found == {
            "skip": (State.EXISTS, "a.png"),
            "overwrite": (State.READY, "a.png"),
            "rename": (State.READY, "a-2.png"),
        }

    @pytest.mark.parametrize("choice", ["skip", "overwrite"])
    def test_two_photos_never_share_a_result(self, folder, out, choice):
        for suffix in (".jpg", ".png"):
            lots.photo(folder / f"a{suffix}")
            lots.mask(folder / f"a{suffix}_mask.png")
        lots.pair(folder, "A", ".tif")
        plan = make_plan(lots.order(folder, output=out, format="webp", existing=choice))
        assert states(plan) == {"A.tif": State.READY, "a.jpg": State.COLLISION, "a.png": State.COLLISION}
        assert "already the result of A.tif" in plan.tasks[1].reason
        renamed = make_plan(lots.order(folder, output=out, format="webp", existing="rename"))
        assert [task.output.name for task in renamed.tasks] == ["A.webp", "a-2.webp", "a-3.webp"]

    @pytest.mark.parametrize("choice", ["skip", "overwrite"])
    def test_no_result_replaces_an_input(self, folder, choice):
        lots.pair(folder, "a")
        lots.pair(folder, "b")
        plan = make_plan(lots.order(folder, output=folder, existing=choice))
        assert set(states(plan).values()) == {State.REFUSED}
        assert "another folder or name" in plan.tasks[0].reason
        named = make_plan(lots.order(folder, output=folder, existing=choice, name="b_mask"))
        assert named.tasks[0].state is State.REFUSED

    def test_no_result_replaces_a_mask_of_no_photo_or_of_another_rule(self, folder, out):
        lots.pair(folder, "a")
        lots.mask(folder / "zz_mask.png")
        taken = {"output": folder, "existing": "overwrite"}
        plan = make_plan(lots.order(folder, name="zz_mask", **taken))
        assert states(plan) == {"a.png": State.REFUSED}
        plan = make_plan(lots.order(folder, name="a_mask", masks="alpha", **taken))
        assert states(plan)["a.png"] is State.REFUSED

    def test_a_photo_that_gets_its_mask_later_replaces_no_mask_of_no_photo(self, folder):
        lots.photo(folder / "a.png")
        lots.mask(folder / "zz_mask.png")
        plan = make_plan(lots.order(folder, output=folder, name="zz_mask", existing="overwrite"))
        mended = lots.mask(plan.order.journal / "mended.png")
        given = Planner(plan.order, plan.tasks, plan.masks_alone).with_masks(plan.tasks[0], (mended,))
        assert given.state is State.REFUSED

    def test_two_names_of_one_file_are_no_two_results(self, folder, out):
        for name in ("a", "b"):
            lots.pair(folder, name)
        out.mkdir()
        (out / "b.png").symlink_to(out / "a.png")
        plan = make_plan(lots.order(folder, output=out, existing="overwrite"))
        assert states(plan) == {"a.png": State.READY, "b.png": State.COLLISION}
        (folder / "b.png").unlink()
        (folder / "b.png").symlink_to(folder / "a.png")
        plan = make_plan(lots.order(folder, in_place=True))
        assert states(plan) == {"a.png": State.READY, "b.png": State.REFUSED}
        assert plan.tasks[1].reason == "b.png and a.png are one file, which is filled once."

    def test_in_place_a_photo_is_its_own_result(self, folder):
        path = lots.pair(folder, "a", ".jpg")
        (task,) = make_plan(lots.order(folder, in_place=True)).tasks
        assert (task.output, task.state) == (path, State.READY)
        path.rename(folder / "a.png")
        (task,) = make_plan(lots.order(folder, in_place=True)).tasks
        assert task.state is State.REFUSED
        assert ".jpg" in task.reason

    @pytest.mark.parametrize(
        ("name", "head", "suffix"), [("a.heic", b"\0\0\0\x18ftypheic", ".jpg"), ("a.psd", b"8BPS", ".tif")]
    )
    def test_what_is_only_read_becomes_what_is_written(self, folder, out, name, head, suffix):
        lots.mask(folder / "a_mask.png")
        (folder / name).write_bytes(head + bytes(60))
        (task,) = make_plan(lots.order(folder, output=out)).tasks
        assert (task.output, task.state) == (out / f"a{suffix}", State.READY)
        (task,) = make_plan(lots.order(folder, output=out, format="png")).tasks
        assert task.output == out / "a.png"
        (task,) = make_plan(lots.order(folder, in_place=True)).tasks
        assert task.state is State.REFUSED
        assert "only read" in task.reason

    def test_a_name_that_is_too_long(self, folder, out):
        lots.mask(folder / "m.png")
        lots.photo(folder / f"{'x' * 250}.png")
        plan = make_plan(lots.order(folder, output=out, name="{name}-clean", masks=str(folder / "m.png")))
        assert plan.tasks[0].state is State.REFUSED


def test_results_of_an_earlier_run_are_no_photos(folder, out):
    lots.pair(folder, "a")
    lots.photo(folder / "a-clean.png")
    lots.photo(folder / "b-clean.png")
    plan = make_plan(lots.order(folder, masks="alpha"))
    assert states(plan) == {"a.png": State.EXISTS, "b-clean.png": State.READY}
    lots.photo(folder / "results" / "a.png")
    plan = make_plan(lots.order(folder, output=folder / "results"))
    assert "a.png" in states(plan)
    assert len(plan.tasks) == 3


@pytest.mark.parametrize("way", ["../in/clean", "link/clean", "clean"])
def test_results_among_the_photos_are_none_by_whatever_way_they_were_named(folder, way):
    lots.pair(folder, "a")
    lots.photo(folder / "clean" / "a.png")
    (folder / "link").symlink_to(folder)
    plan = make_plan(lots.order(folder, output=folder / way))
    assert [task.photo for task in plan.tasks] == [folder / "a.png"]
    plan = make_plan(lots.order(folder, folder / "clean", output=folder / way))
    assert len(plan.tasks) == 2, "named itself it counts"


def test_masks_of_a_photo_are_united_or_each_has_a_result(folder, out):
    lots.photo(folder / "s" / "a_crop000.png")
    for number in range(2):
        lots.mask(folder / "s" / f"a_crop000_mask{number:03}.png")
    (task,) = make_plan(lots.order(folder, output=out)).tasks
    assert [mask.name for mask in task.masks] == ["a_crop000_mask000.png", "a_crop000_mask001.png"]
    plan = make_plan(lots.order(folder, output=out, per_mask=True))
    assert [task.output.relative_to(out).as_posix() for task in plan.tasks] == [
        "s/a_crop000_mask000.png",
        "s/a_crop000_mask001.png",
    ]


def test_a_plan_survives_being_written_down(folder, out):
    lots.pair(folder, "é")
    lots.photo(folder / "bare.png")
    lots.mask(folder / "x_mask.png")
    plan = make_plan(lots.order(folder, output=out))
    assert Plan.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan


def test_nothing_there(folder):
    folder.mkdir()
    with pytest.raises(FileFormatError, match="no picture in"):
        make_plan(lots.order(folder))


def test_planning_can_be_stopped(folder):
    lots.pair(folder, "a")
    progress = Progress()
    progress.cancel()
    with pytest.raises(Cancelled):
        make_plan(lots.order(folder), progress)


def test_a_photo_that_gets_a_mask_later_gets_its_place_too(folder, out):
    lots.pair(folder / "s", "a")
    lots.photo(folder / "s" / "b.jpg")
    plan = make_plan(lots.order(folder, output=out, name="{number:02}-{name}", format="png"))
    masked, unmasked = plan.tasks
    assert unmasked.state is State.UNMASKED
    mask, planner = out / "mended.png", Planner(plan.order, plan.tasks)
    given = planner.with_masks(unmasked, (mask,))
    assert (given.number, given.state, given.masks) == (unmasked.number, State.READY, (mask,))
    assert given.output == out / "s" / "02-b.png"
    assert planner.with_masks(masked, (mask,)) == replace(masked, masks=(mask,))


def test_what_gets_a_mask_later_may_still_collide(folder, out):
    lots.pair(folder, "a", ".jpg")
    lots.photo(folder / "a.jpeg")
    plan = make_plan(lots.order(folder, output=out, format="png"))
    unclear = next(task for task in plan.tasks if task.state is not State.READY)
    given = Planner(plan.order, plan.tasks).with_masks(unclear, (out / "mended.png",))
    assert given.state in (State.COLLISION, State.READY)


def test_the_journal_among_the_photos_holds_none(folder):
    lots.pair(folder, "a")
    order = lots.order(folder)
    lots.mask(order.journal / "masks" / "a-123.png")
    plan = make_plan(order)
    assert states(plan) == {"a.png": State.READY}
    assert plan.masks_alone == ()
