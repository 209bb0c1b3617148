"""`symposia watch`: recordings that arrive in a folder are processed, each once.

What was processed is known from the archive, so a watch that was killed goes on where it was. A
recording is waited for when the conference file names it; what nobody named is reported, not guessed.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from flows.conference import FAILED, carry_out
from flows.config import Conference, Source, load_conference
from flows.request import Request
from flows.work import stat_key
from nlp.audio import sha256_of
from transcripts.archive import Archive
from transcripts.errors import ConfigurationError, MediaError, SymposiaError
from transcripts.files import in_object_store
from transcripts.place import Place, place_of

LOOK_EVERY_S = 5.0
AGAIN_AFTER_S = 60.0  # after trouble that may pass by itself: a run at work, a server that is down

Say = Callable[[str], None]


def watch_folder(request: Request, settle_s: float, *, once: bool) -> int:
    """Watch `request.arriving_in` until Ctrl-C; with `once`, process what has arrived and return.

    Files are taken when their size and time stamp have not changed for `settle_s` seconds. The exit code
    is that of a run. Raises ConfigurationError for a folder that is not there or a conference that is not
    valid, and with `once` also what `carry_out` raises.
    """
    if request.arriving_in is None or not request.arriving_in.is_dir():
        raise ConfigurationError(
            f"{request.arriving_in} is no folder: name the one that recordings arrive in."
        )
    watcher = Watcher(request, settle_s, carry_out, _say)
    if once:
        watcher.look(time.monotonic())
        time.sleep(settle_s)
        watcher.look(time.monotonic())
        return _outcome(request.archive)
    _say(f"watching {request.arriving_in}; Ctrl-C ends it.")
    try:
        while True:
            watcher.look_patiently(time.monotonic())
            time.sleep(LOOK_EVERY_S)
    except KeyboardInterrupt:
        _say("the watch has ended; the same command goes on from here.")
    return _outcome(request.archive)


def _outcome(place: Place) -> int:
    if not Archive.exists(place):
        return 0
    with Archive.open(place) as archive:
        return FAILED if archive.failures() else 0


def _say(line: str) -> None:
    sys.stderr.write(f"symposia: {line}\n")
    sys.stderr.flush()


@dataclass(frozen=True, slots=True)
class Kept:
    """What an archive knows: the sha256 of each recording by its id, and that of files by their state."""

    recordings: dict[str, str]
    files: dict[str, str]


class Watcher:
    """Looks at the folder again and again. Times are seconds of any clock that only goes forward."""

    def __init__(
        self, request: Request, settle_s: float, process: Callable[[Request], None], say: Say
    ) -> None:
        """`process` brings the recordings of a request up to date; `say` tells a line to a person."""
        self._request = request
        self._settle_s = settle_s
        self._process = process
        self._say = say
        self._told: set[str] = set()
        self._since: dict[str, float] = {}  # by a file's state: when it was first seen in it
        self._done: set[str] = set()  # states of files that need no second look
        self._hashes: dict[str, str] = {}  # by a file's state: its sha256, as far as it was read
        self._awaited: frozenset[Path] | None = None
        self._rest_until = float("-inf")
        self._file_state = ""
        self._conference = self._load()

    def look_patiently(self, now_s: float) -> None:
        """`look`, with trouble told, and tried again after a while."""
        if now_s < self._rest_until:
            return
        try:
            self.look(now_s)
        except (SymposiaError, OSError) as error:  # of a folder, too: a drive is away, a link leads nowhere
            self._tell(str(error))
            self._rest_until = now_s + AGAIN_AFTER_S

    def look(self, now_s: float) -> None:
        """Process what has arrived since the last look and has stopped growing. Raises as `process` does."""
        self._reload()
        states = dict(self._states())
        self._since = {state: self._since.get(state, now_s) for state in states.values()}
        settled = {
            path: state
            for path, state in states.items()
            if now_s - self._since[state] >= self._settle_s and state not in self._done
        }
        if settled:
            self._take(settled)
        self._tell_awaited()

    def _load(self) -> Conference:
        self._file_state = stat_key(self._request.conference)
        return load_conference(self._request.conference, self._request.arriving_in)

    def _reload(self) -> None:
        """Read the conference file again when somebody has changed it; a mistake in it is told."""
        if not self._request.conference.exists() or stat_key(self._request.conference) == self._file_state:
            return
        try:
            self._conference = self._load()
        except ConfigurationError as error:
            self._say(f"the conference file has changed and is not used as it is:\n{error}")
        else:
            self._done.clear()
            self._told.clear()
            self._awaited = None

    def _states(self) -> Iterator[tuple[Path, str]]:
        """Every file of interest with its state: in the folder, and recordings that lie elsewhere."""
        folder, place = self._request.arriving_in, place_of(self._request.archive)
        assert folder is not None
        archive = place.resolve() if isinstance(place, Path) else None
        inside = {
            Path(here, name)
            for here, _, names in os.walk(folder)  # which passes over what is gone between two looks
            for name in names
            if not _is_hidden(Path(here, name).relative_to(folder))
        }
        named = {_path_of(each) for each in self._conference.sources if not in_object_store(_path_of(each))}
        for path in sorted(_resolved(inside) | named):
            try:
                if path.is_file() and not (archive and path.is_relative_to(archive)):
                    yield path, stat_key(path)
            except (OSError, MediaError):  # gone between two looks
                continue

    def _take(self, settled: dict[Path, str]) -> None:
        """Process what is named and new, in the order of the conference file; report the rest."""
        kept = self._kept()
        ready: dict[str, str] = {}
        for source in self._conference.sources:
            state = settled.get(_path_of(source))  # several panels may have the same
            if state is None:
                continue
            if self._is_delivered_twice(source, state, kept):
                self._done.add(state)
            else:
                ready[source.recording_id] = state
        named = set(map(_path_of, self._conference.sources))
        for path, state in settled.items():
            if path not in named:
                self._report(path, state, kept)
                self._done.add(state)
        if ready:
            self._process(replace(self._request, only=frozenset(ready)))
            self._done.update(ready.values())

    def _kept(self) -> Kept:
        if not Archive.exists(self._request.archive):
            return Kept({}, {})
        with Archive.open(self._request.archive) as archive:
            records = [each for stages in archive.all_stages().values() for each in stages.values()]
            return Kept(
                {each.id: each.sha256 for each in archive.recordings()},
                {each.key: each.digest for each in records if each.stage.startswith("file:")},
            )

    def _sha256(self, path: Path, state: str, kept: Kept) -> str:
        """A file is read once, and not at all where the archive knows it in this state."""
        if state not in self._hashes:
            self._hashes[state] = kept.files.get(state) or sha256_of(path)
        return self._hashes[state]

    def _is_delivered_twice(self, source: Source, state: str, kept: Kept) -> bool:
        """Whether a recording is another one again; the first of two that arrive together is taken."""
        if source.path is None:
            return False
        sha256 = self._sha256(source.path, state, kept)
        if kept.recordings.get(source.recording_id) == sha256:
            return False
        other = _named(sha256, kept)
        if other is None:
            kept.recordings[source.recording_id] = sha256
            return False
        self._tell(
            f"{source.path} holds the same as the recording {other!r}: it is not processed twice. "
            f"If that is meant: symposia run {self._request.conference} --archive {self._request.archive}"
        )
        return True

    def _report(self, path: Path, state: str, kept: Kept) -> None:
        """Tell of a file that the conference file does not name."""
        if path in self._other_files():
            return
        known = _named(self._sha256(path, state, kept), kept)
        if known:
            self._tell(f"{path} holds the same as the recording {known!r}: nothing is to be done.")
        else:
            self._tell(f"{path} is not named in {self._request.conference}: add it to a panel there.")

    def _other_files(self) -> set[Path]:
        """What a conference is made of besides recordings."""
        conference = self._conference
        captions = {each.path for source in conference.sources for each in source.captions}
        voices = {each.path for each in conference.voice_samples()}
        return {self._request.conference.resolve(), conference.themes, *captions, *voices}

    def _tell_awaited(self) -> None:
        """Tell, whenever it changes, which recordings are still to come."""
        named = [each for each in self._conference.sources if not in_object_store(_path_of(each))]
        if stored := len(self._conference.sources) - len(named):
            self._tell(
                f"{stored} recordings lie in an object store, which is not watched: "
                f"symposia run {self._request.conference} --archive {self._request.archive}"
            )
        missing = [each for each in named if not _path_of(each).exists()]
        paths = frozenset(map(_path_of, missing))
        if paths == self._awaited:
            return
        self._awaited = paths
        kept = self._kept().recordings  # one that was moved after it was processed is not waited for
        awaited = [_path_of(each).name for each in missing if each.recording_id not in kept]
        if awaited:
            self._say(f"waiting for {len(awaited)} recordings: {', '.join(awaited)}")
        else:
            self._say("every recording that the conference file names has arrived.")

    def _tell(self, line: str) -> None:
        """Say something once."""
        if line not in self._told:
            self._told.add(line)
            self._say(line)


def _path_of(source: Source) -> Path:
    return source.path or source.captions[0].path


def _resolved(paths: Iterable[Path]) -> set[Path]:
    """Where paths lead; those that lead nowhere are left out."""
    found = set()
    for path in paths:
        try:
            found.add(path.resolve())
        except (OSError, RuntimeError):  # links in a circle
            continue
    return found


def _named(sha256: str, kept: Kept) -> str | None:
    """The recording of that content."""
    return next((name for name, held in kept.recordings.items() if held == sha256), None)


def _is_hidden(path: Path) -> bool:
    """Whether a file is one that copying programs and desktops keep for themselves."""
    return any(part.startswith(".") for part in path.parts) or path.suffix in {".part", ".crdownload", ".tmp"}


__all__ = ["Watcher", "watch_folder"]
