"""Sheets of masks: everything asked for is on them."""

import numpy as np
import pytest

from lama_desktop.masks.prepared import write_mask, write_picture
from lama_desktop.masks.presets import MASK_PRESETS
from lama_desktop.masks.sets import PreparedSet, Sample
from lama_desktop.masks.sheet import COLUMNS, DRAWN, DRAWN_SIDE, SHOWN, covered, kinds_sheet, set_sheet


def test_every_kind_has_a_row():
    kinds = {name: MASK_PRESETS[name] for name in ("thin_256", "grid")}
    one, both = kinds_sheet({"grid": MASK_PRESETS["grid"]}), kinds_sheet(kinds)
    assert both.shape[1] == one.shape[1] > DRAWN * DRAWN_SIDE
    assert both.shape[0] > one.shape[0] + DRAWN_SIDE


def test_what_a_kind_covers():
    mean, spread = covered(MASK_PRESETS["frame"])
    assert mean == pytest.approx(1 - (1 - 2 * 51 / 512) ** 2)
    assert spread < 1e-9
    assert 0.3 < covered(MASK_PRESETS["thick_256"])[0] < 0.5


@pytest.mark.parametrize(("number", "shown"), [(1, 1), (COLUMNS + 1, COLUMNS), (SHOWN + 3, SHOWN)])
def test_a_set_is_shown_with_its_masks(tmp_path, number, shown):
    samples = []
    for index in range(number):
        picture = write_picture(np.full((16, 20, 3), 4 * index, np.uint8), tmp_path, f"p{index}", 0)
        mask = write_mask(np.ones((16, 20), bool), picture, 0)
        samples.append(Sample(mask.name, picture.name, f"p{index}.jpg", 1.0))
    sheet = set_sheet(PreparedSet(tmp_path, 16, tuple(samples), (), (), ()))
    colors = np.unique(sheet.reshape(-1, 3), axis=0).astype(int)
    assert (colors[:, 0] > 50 + colors[:, 1]).sum() == shown
