"""Errors that a person can act on: a sentence with the values, and the remedy.

The command line prints the sentence and leaves with exit code 2; nothing else
of ours is shown as an error. A traceback means a defect of symposia.
"""

from __future__ import annotations


class SymposiaError(Exception):
    """Something the user can mend. The message says what, where and how; `may_pass` if waiting may help."""

    def __init__(self, message: str, *, may_pass: bool = False) -> None:
        super().__init__(message)
        self.may_pass = may_pass


class MediaError(SymposiaError):
    """A recording that cannot be read as sound."""


class ConfigurationError(SymposiaError):
    """A conference, profile or themes file that is not valid."""


class FormatError(SymposiaError):
    """A caption file or other input text that cannot be read."""


class ModelError(SymposiaError):
    """Weights that are missing, damaged or not able to do what was asked."""


class ArchiveError(SymposiaError):
    """An archive that cannot be opened, read or written."""


class ConflictError(ArchiveError):
    """A change of something that another person has changed in the meantime.

    `expected` is what the person had before them, `present` what stands there now, and
    `offered` what they wrote.
    """

    def __init__(self, message: str, *, expected: str, present: str, offered: str = "") -> None:
        super().__init__(message)
        self.expected, self.present, self.offered = expected, present, offered
