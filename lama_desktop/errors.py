"""The errors of the program; the text of each is fit for a message box.

    Exception
    └── LamaDesktopError
        ├── FileFormatError          a file cannot be read or written
        ├── ModelError               a model cannot be used
        │   ├── MissingWeightsError  it is not on this disk
        │   ├── CorruptWeightsError  its file is damaged, foreign or unsafe
        │   └── DownloadError        it could not be fetched
        ├── DeviceMemoryError        even the smallest window did not fit
        └── SettingsError            an option or a setting is wrong
    BaseException
    └── Cancelled                    the user stopped the work; not an error

The text is one or two sentences: what is wrong (with the name of the file), and what to do. The cause is kept by
`raise ... from` for the log. Only `cli.py` and the job runner catch them.
"""


class LamaDesktopError(Exception):
    """Anything that went wrong in a way the program can explain."""


class FileFormatError(LamaDesktopError):
    """A file cannot be read or written."""


class ModelError(LamaDesktopError):
    """A model cannot be used."""


class MissingWeightsError(ModelError):
    """The weights of a model are not on this disk."""


class CorruptWeightsError(ModelError):
    """A weight file is damaged, foreign or unsafe; nothing in it was executed."""


class DownloadError(ModelError):
    """A model could not be fetched; what had arrived is kept for the next try."""


class DeviceMemoryError(LamaDesktopError):
    """Not even the smallest window fitted into memory."""


class SettingsError(LamaDesktopError):
    """An option or a setting has a name or a value that does not exist."""


class Cancelled(BaseException):
    """The user stopped the work.

    Derives from `BaseException`, as asyncio's does, so that no broad `except Exception` on the way up swallows it.
    """
