"""What is to do: stages compared with what the archive already holds. No Prefect in here.

The archive remembers the key and the digest of every stage that it keeps, so it can
be said without loading a model or starting a server whether a recording is up to
date, and a run begins at the first stage that is not.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Protocol

from flows.config import Conference, Source
from flows.jobs import Job, Stage, Step, part_steps
from flows.layers import (
    Embeddings,
    Layer,
    Names,
    Passages,
    Tags,
    TranslationEmbeddings,
    Translations,
    Voices,
    digest,
    layer_bytes,
)
from flows.models import Models, speaker_cues
from flows.observing import note_made, observed_stage
from flows.stages import stages_of
from nlp.audio import declared_duration_s, probe, sha256_of
from nlp.listening import Listening
from nlp.memory import Memory
from nlp.transcription import Transcript
from transcripts.archive import Archive
from transcripts.errors import MediaError
from transcripts.files import state_of
from transcripts.formats.subtitles import read_captions
from transcripts.holdings import RecordingLayers, Selection, StageRecord
from transcripts.quality import STALE, UNSEEN
from transcripts.records import Recording, digest_of


class Kept(Protocol):
    """What is kept of recordings: an archive, or what was read of one."""

    def stages(self, recording_id: str) -> Mapping[str, StageRecord]:
        """What was done for a recording, by stage."""


@dataclass(frozen=True, slots=True)
class AllKept:
    """The stages of an archive, read at once: where thousands of recordings are looked at."""

    done: Mapping[str, Mapping[str, StageRecord]]

    def stages(self, recording_id: str) -> Mapping[str, StageRecord]:
        """See `Archive.stages`."""
        return self.done.get(recording_id, {})


Perform = Callable[[Sequence[Step]], list[Layer]]


@dataclass
class FileHashes:
    """The sha256 of files; not read again while a file's size and time stamp stay as they were."""

    known: Mapping[str, str]  # stat key -> sha256, from earlier runs
    found: dict[Path, str] = field(default_factory=dict)
    states: dict[Path, str] = field(default_factory=dict)  # stat keys, taken before a file was read

    def of(self, path: Path) -> str:
        if path not in self.found:
            state = self.states[path] = stat_key(path)
            self.found[path] = self.known.get(state) or sha256_of(path)
        return self.found[path]


def stat_key(path: Path) -> str:
    """A name of a file's state that is cheap to read: where it is, how large, when last changed."""
    try:
        state = state_of(path)
    except OSError as error:
        raise MediaError(
            f"{path} cannot be read ({error.strerror or error}): check the path and its permissions."
        ) from error
    return f"file-{digest_of([str(path), *state])}"


def job_for(source: Source, conference: Conference, models: Models, archive: Kept) -> Job:
    """A recording with its files looked at. Raises MediaError when one cannot be read."""
    files = [each.path for each in source.captions]
    files += [each.path for each in conference.voice_samples()]
    files.append(speaker_cues())
    kept = archive.stages(source.recording_id)
    hashes = FileHashes({each.key: each.digest for each in kept.values() if each.stage.startswith("file:")})
    names = {path: hashes.of(path) for path in files}
    if source.path:
        names[source.path] = hashes.of(source.path)
        fingerprint = names[source.path]
    else:
        fingerprint = digest_of([names[each.path] for each in source.captions])
    panel = conference.panel_record(source.panel_id)
    return Job(source, panel, conference, models, fingerprint, names, hashes.states)


def memory_of(archive: Archive, conference_id: str) -> Memory:
    """What people have approved or written of a conference's translations; what is withheld is not shown.

    What nobody has seen, or is of a text that has been corrected since, is a machine's word still.
    It is no part of a stage's key: it serves what is translated from now on, and what was
    translated before stays, so that one correction does not translate a whole archive again.
    """
    people = Selection(states=frozenset({"reviewed", "approved"}))
    return Memory(
        {entry.passage.language: entry.passage.text, entry.target_language: entry.translation}
        for entry in archive.entries(people)
        if entry.conference_id == conference_id
        and entry.translation
        and not {STALE, UNSEEN} & set(entry.translation_flags)
    )


def duration_s(source: Source) -> float:
    """The length of a source by its header; by its last caption, or by decoding it, where there is none.

    Raises MediaError when it cannot be read.
    """
    if source.path is None:
        cues = [cue for each in source.captions for cue in read_captions(each.path, each.language)]
        return max((cue.span.end_s for cue in cues), default=0.0)
    return declared_duration_s(source.path) or probe(source.path).duration_s


def is_up_to_date(job: Job, archive: Kept) -> bool:
    """Whether every stage of the recording is kept under the key it would have now."""
    kept = archive.stages(job.recording_id)
    digests: dict[str, str] = {}
    for stage in stages_of(job.source):
        record = kept.get(stage.name)
        if record is None or record.key != stage.key(job, digests):
            return False
        digests[stage.name] = record.digest
    return True


def signatures_of(source: Source, conference: Conference, models: Models) -> dict[str, str]:
    """What would make each stage of a recording, in short: models, their revisions and options."""
    panel = conference.panel_record(source.panel_id)
    job = Job(source, panel, conference, models, "", {})  # no file is read for it
    return {stage.name: stage.signature(job).digest for stage in stages_of(source)}


def files_are_known(job: Job, archive: Kept) -> bool:
    """Whether the archive knows the recording's files where and as they are."""
    kept = archive.stages(job.recording_id).values()
    return set(job.states.values()) <= {each.key for each in kept if each.stage.startswith("file:")}


def note_files(job: Job, archive: Archive) -> None:
    """Put down where the files of a recording are that is up to date. Raises MediaError."""

    def nothing(steps: Sequence[Step]) -> list[Layer]:
        raise AssertionError(f"{[step.key for step in steps]} were up to date")

    bring_up_to_date(job, archive, nothing)


def bring_up_to_date(
    job: Job, archive: Archive, perform: Perform, again: Collection[str] = frozenset()
) -> bool:
    """Make what is missing or stale and keep it, in one transaction; whether anything changed.

    `perform` makes steps, or finds their cached results, in their order; steps that are given
    together depend on each other in nothing. The stages `again` are made in any case.
    """
    kept = archive.stages(job.recording_id)
    stages = {stage.name: stage for stage in stages_of(job.source)}
    digests: dict[str, str] = {}
    keys: dict[str, str] = {}
    made: dict[str, Layer] = {}
    archived = archived_layers(archive.layers(job.recording_id)) if kept else {}

    def layer_of(name: str) -> Layer:
        """A layer that a stale stage needs: made just now, kept in the archive, or made again."""
        if name not in made:
            made[name] = archived[name] if name in archived else run(stages[name])
        return made[name]

    def run(stage: Stage) -> Layer:
        needed: dict[str, Any] = {name: layer_of(name) for name in stage.needs}
        for each in stage.in_parts:
            needed[each.name] = perform(part_steps(stage, each, job, keys[stage.name], needed))
        (layer,) = perform([Step(stage, job, keys[stage.name], needed)])
        return layer

    with observed_stage(job.recording_id, "probe"):
        job, media = _probed(job)
    for stage in stages.values():
        keys[stage.name] = key = stage.key(job, digests)
        record = kept.get(stage.name)
        if record and record.key == key and stage.name not in again:
            digests[stage.name] = record.digest
        else:
            archived.pop(stage.name, None)
            made[stage.name] = layer = run(stage)
            digests[stage.name] = digest(layer_bytes(layer))
    records = [
        StageRecord(name, keys[name], digests[name], stage.signature(job)) for name, stage in stages.items()
    ]
    _check_unchanged(job)
    records += [  # names may repeat between folders
        StageRecord(f"file:{number}:{path.name}", job.states[path], sha)
        for number, (path, sha) in enumerate(job.hashes.items())
    ]
    before = archive.layers(job.recording_id) if kept else RecordingLayers()
    changed = archive.keep(media, _with_made(before, made), records)
    note_made(job.recording_id, made)
    return changed


def _check_unchanged(job: Job) -> None:
    """Raises MediaError where a file has changed since it was hashed: what was made may be of either."""
    for path, state in job.states.items():
        if stat_key(path) != state:
            raise MediaError(
                f"{path} has changed while it was being read: nothing was kept of it; run again when all of "
                "it is there.",
                may_pass=True,
            )


def _probed(job: Job) -> tuple[Job, Recording]:
    """The job with what its file is, and the recording as the archive refers to it.

    Captions alone last until their last cue.
    """
    source = job.source
    path, kind = source.path or source.captions[0].path, "captions"
    if source.path is None:
        cues = [cue for each in source.captions for cue in read_captions(each.path, each.language)]
        job = replace(job, duration_s=max((cue.span.end_s for cue in cues), default=0.0))
    else:
        info = probe(source.path)
        kind = info.kind
        job = replace(job, duration_s=info.duration_s, channels=info.heard_channels, warnings=info.warnings)
    recording = Recording(
        source.recording_id, source.panel_id, str(path), job.fingerprint, job.duration_s, kind
    )
    return job, recording


def archived_layers(layers: RecordingLayers) -> dict[str, Layer]:
    """Layers that the archive can give back whole, by stage."""
    return {
        "speakers": Voices(layers.segments, layers.turns, layers.hints),
        "passages": Passages(layers.passages),
        "names": Names(layers.names),
        "translation": Translations(layers.translations),
        "embedding": Embeddings(layers.embeddings, layers.clauses),
        "translation_embedding": TranslationEmbeddings(layers.translation_embeddings),
        "themes": Tags(layers.tags),
    }


def _with_made(before: RecordingLayers, made: Mapping[str, Layer]) -> RecordingLayers:
    """What the archive holds of a recording, with the layers that were made anew."""
    after = before
    for layer in made.values():
        match layer:
            case Listening(notes=notes):
                after = replace(after, notes=notes)
            case Transcript(gaps=gaps):
                after = replace(after, gaps=gaps)
            case _:  # its fields are called as in the archive
                after = replace(after, **{each.name: getattr(layer, each.name) for each in fields(layer)})
    return after
