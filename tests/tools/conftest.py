"""A small document for every tool."""

import numpy as np
import pytest

from lama_desktop.core.document import Document
from lama_desktop.core.photo import Photo

SIZE = (160, 120)


@pytest.fixture
def document():
    """A grey picture with a red square from (60, 40) to (90, 70)."""
    pixels = np.full((SIZE[1], SIZE[0], 3), 128, np.uint8)
    pixels[40:70, 60:90] = (220, 30, 30)
    return Document(Photo(pixels))
