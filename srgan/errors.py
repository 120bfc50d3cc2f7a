"""What can go wrong that the user can fix; each error knows the exit code of the command that meets it.

    SrganError
    ├── ConfigError        2   an option or argument makes no sense
    │   └── NoPicturesError  3   there is nothing to work on
    ├── ImageError         1   a picture cannot be read or written
    │   └── UnsupportedImageError  1   ... because we do not know its kind
    ├── WeightsError       4   a weights file is refused
    ├── TrainingError      1   training cannot start, or cannot go on
    └── MachineError       5   the machine stands in the way: disk full, output not writable

Anything else that is raised is a bug of ours.
"""


class SrganError(Exception):
    """A problem that is the user's to fix; the message says what, where, and what to do."""

    exit_code = 1


class ConfigError(SrganError):
    """An option, argument or configuration makes no sense."""

    exit_code = 2


class NoPicturesError(ConfigError):
    """A folder holds no picture to work on."""

    exit_code = 3


class ImageError(SrganError):
    """A picture cannot be read or written."""


class UnsupportedImageError(ImageError):
    """A file is not of a kind that is read or written here."""


class WeightsError(SrganError):
    """A weights file is missing, damaged, too new, or not what its checksum promises."""

    exit_code = 4


class TrainingError(SrganError):
    """Training cannot start, or cannot go on."""


class MachineError(SrganError):
    """The machine stands in the way: a full disk, an output that cannot be written."""

    exit_code = 5
