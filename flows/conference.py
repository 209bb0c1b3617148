"""`symposia run`: a conference file and an archive in, an up-to-date archive and a summary out.

What is up to date is found out first, from the archive alone. Prefect and the models
are loaded only when there is something to do.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from flows.config import Conference, Source, load_conference
from flows.engine import prepare, register
from flows.given_files import check_objects
from flows.models import Models, trained_in
from flows.overview import show_summary
from flows.profiles import load_profile
from flows.request import Request
from flows.retrying import may_pass
from flows.work import AllKept, Kept, files_are_known, is_up_to_date, job_for, note_files
from nlp.taxonomy import load_taxonomy
from transcripts.archive import Archive
from transcripts.errors import ArchiveError, MediaError, SymposiaError
from transcripts.holdings import Conference as ConferenceRecord
from transcripts.holdings import ThemeName
from transcripts.place import Place
from transcripts.search import SearchIndex

FAILED = 2  # exit code: something needs a person


def run_conference(request: Request) -> int:
    """Bring an archive up to date with a conference file and show what is in it; the exit code.

    Raises as `carry_out` does.
    """
    carry_out(request)
    with Archive.open(request.archive) as archive:
        show_summary(archive, request.archive)
        return FAILED if failures_of(archive, request) else 0


def failures_of(archive: Archive, request: Request) -> list[str]:
    """Recordings that a request asks for and that have failed; those of other conferences are not counted."""
    conference = load_conference(request.conference, request.arriving_in)
    asked = {each.recording_id for each in conference.sources}
    return [
        each.recording_id
        for each in archive.failures()
        if each.recording_id in asked and (request.only is None or each.recording_id in request.only)
    ]


def carry_out(request: Request) -> None:
    """Do what a request asks for, with lines on the error stream about what is done.

    Raises ConfigurationError for a conference or profile that is not valid and
    ArchiveError for an archive that cannot be used, before any work is done. A
    recording that fails is noted in the archive, and the others go on.
    """
    conference = load_conference(request.conference, request.arriving_in)
    profile = load_profile(request.profile)
    load_taxonomy(conference.themes)  # what is not valid is refused before an archive is made
    check_objects(_files_of(conference))
    with Archive.open(request.archive, create=True) as archive, _alone(archive, request.archive):
        models = Models(profile, conference.themes, _say, trained_in(archive))
        archive.set_conference(conference_record(conference))
        _forget_gone(archive, conference)
        asked = [
            each for each in conference.sources if request.only is None or each.recording_id in request.only
        ]
        kept = AllKept(archive.all_stages())
        waiting = [
            each.recording_id
            for each in asked
            if request.again or _needs_work(each, conference, models, archive, kept)
        ]
        well = {each.recording_id for each in asked}.difference(waiting)
        for failure in archive.failures():
            if failure.recording_id in well:  # its file, say, was put back as it was
                archive.clear_failure(failure.recording_id)
        if waiting:
            assert archive.files is not None
            results = archive.files / "work"
            prepare(results)
            _process(request, waiting, results)
        else:
            _say(f"nothing to do: all {len(asked)} recordings are up to date.")
        SearchIndex.open(archive).refresh()


def _files_of(conference: Conference) -> Iterator[Path]:
    """What is read of a conference."""
    for source in conference.sources:
        yield from (each.path for each in source.captions)
        if source.path:
            yield source.path
    yield from (each.path for each in conference.voice_samples())


def _process(request: Request, waiting: Sequence[str], results: Path) -> None:
    """Run the flow. Raises SymposiaError when Prefect's server cannot be reached or started."""
    from flows.spreading import flow_on

    try:
        register(results)
        flow_on(request.on)(on=request.on, only=list(waiting), **request.parameters)
    except SymposiaError:
        raise
    except Exception as error:  # what a recording raises is noted by the flow; this is the engine
        if not isinstance(error, RuntimeError) and not may_pass(error):
            raise
        raise SymposiaError(
            f"Prefect's server, or another one that the run needs, cannot be reached or started ({error}): "
            "check PREFECT_API_URL, if it is set, and run the same command again; what was done is kept."
        ) from error


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


@contextmanager
def _alone(archive: Archive, place: Place) -> Iterator[None]:
    """Hold the archive for one run at a time; a killed run's hold ends with it."""
    with archive.hold("run") as held:
        if not held:
            raise ArchiveError(
                f"another run is at work on {place}: wait until it ends, or stop it and run again."
            )
        yield


def _needs_work(source: Source, conference: Conference, models: Models, archive: Archive, kept: Kept) -> bool:
    """Whether a recording is to be worked on; of one that is not, the archive notes where its files are."""
    if not kept.stages(source.recording_id):  # known without reading the whole of a file
        return True
    try:
        job = job_for(source, conference, models, kept)
        if not is_up_to_date(job, kept):
            return True
        if not files_are_known(job, kept):
            note_files(job, archive)
    except MediaError:  # the run itself finds the same and notes it
        return True
    return False


def _forget_gone(archive: Archive, conference: Conference) -> None:
    """Forget failures of recordings that the conference file no longer names."""
    panels = {panel.id for panel in conference.panels}
    named = {source.recording_id for source in conference.sources}
    for failure in archive.failures():
        if failure.panel_id in panels and failure.recording_id not in named:
            archive.clear_failure(failure.recording_id)


def conference_record(conference: Conference) -> ConferenceRecord:
    """A conference file as the archive keeps it."""
    taxonomy = load_taxonomy(conference.themes)
    return ConferenceRecord(
        conference.id,
        conference.title,
        conference.target_language,
        conference.panel_records(),
        conference.speaker_records(),
        tuple(entry.model_dump(mode="json") for entry in conference.glossary),
        tuple(ThemeName(theme.id, theme.name(conference.target_language)) for theme in taxonomy.themes),
    )
