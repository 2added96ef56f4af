"""OpenRaster: the program's own layered format, which GIMP, Krita, MyPaint and Drawpile read and write, too.

`reader.read` and `writer.write` are for documents. `OpenRaster` is what the rest of `formats` sees: the picture that
such a file has merged, for whoever wants pixels and no layers. What does the work is imported when it is needed.
"""

from io import BytesIO

from lama_desktop.core.photo import Photo
from lama_desktop.formats.base import ReadableFormat

SUFFIX = ".ora"
SIGNATURE = b"PK\3\4"
"""Of any zip file. Which kind it is can be told by its members only: not all programs put the type first."""


class OpenRaster(ReadableFormat):
    """OpenRaster files as flat pictures."""

    name, title, suffixes = "openraster", "OpenRaster", (SUFFIX,)
    kept_as = "png"

    def recognises(self, head: bytes) -> bool:
        """Tell by the container."""
        return head.startswith(SIGNATURE)

    def read(self, data: bytes, name: str) -> Photo:
        """Return the merged picture; see `ReadableFormat.read`."""
        from lama_desktop.formats.openraster.archive import Archive
        from lama_desktop.formats.openraster.reader import Reader

        with Archive(BytesIO(data), name) as archive:
            return Reader(archive, name).flat()
