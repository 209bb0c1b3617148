"""What is to be made of a recording: the job, its stages, and the steps in which they are made.

A stage makes one layer. Of a long recording, some of its work is done a part at a time,
each part by whoever is free; what depends on all parts comes after.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flows.config import Conference, Source, VoiceSample
from flows.layers import Layer
from flows.models import Models
from nlp.listening import Tick
from nlp.memory import Memory
from transcripts.errors import FormatError
from transcripts.records import Panel, Signature, Span, Speaker, digest_of


@dataclass(frozen=True)
class Job:
    """One recording to work on, with everything that its stages may look at."""

    source: Source
    panel: Panel
    conference: Conference
    models: Models
    fingerprint: str  # sha256 of the file, or made of those of the caption files
    hashes: Mapping[Path, str]  # sha256 of every file that is read
    states: Mapping[Path, str] = field(default_factory=dict)  # of the same, as they were before that
    duration_s: float = 0.0  # known, like the channels to listen to, once the file has been probed
    channels: tuple[int | None, ...] = (None,)
    warnings: tuple[str, ...] = ()  # what is wrong with the file, in words
    memory: Memory = field(default_factory=Memory)  # what people translated; see docs/conference.md

    @property
    def recording_id(self) -> str:
        return self.source.recording_id

    @property
    def speakers(self) -> list[Speaker]:
        """Those declared for the panel."""
        return [each for each in self.conference.speaker_records() if each.id in self.panel.speaker_ids]

    @property
    def voice_samples(self) -> list[VoiceSample]:
        """Where the voices of the panel's speakers are known from."""
        return [each for each in self.conference.voice_samples() if each.speaker_id in self.panel.speaker_ids]

    def path(self) -> Path:
        """The sound. Raises FormatError where there are only captions."""
        if self.source.path is None:
            raise FormatError(f"{self.recording_id} has captions only, and no sound")
        return self.source.path


Made = Mapping[str, Any]  # layers that a stage needs, by their stage's name; of parts, a list by theirs


@dataclass(frozen=True)
class InParts:
    """What a stage makes a part at a time of a long recording, before it makes its layer."""

    name: str
    parts: Callable[[Job, Made], Sequence[Span]]  # none where all is made in one piece
    make: Callable[[Job, Made, Span, Tick], Layer]


@dataclass(frozen=True)
class Stage:
    """One row of the table of stages."""

    name: str
    needs: tuple[str, ...]
    signature: Callable[[Job], Signature]
    inputs: Callable[[Job], object]  # what else goes in, JSON-able
    make: Callable[[Job, Made, Tick], Layer]
    in_parts: tuple[InParts, ...] = ()  # in this order

    def key(self, job: Job, digests: Mapping[str, str]) -> str:
        """The name of the result: the same whenever everything that goes in is the same."""
        above = [digests[name] for name in self.needs]
        parts = [job.recording_id, job.fingerprint, self.signature(job).digest, above, self.inputs(job)]
        return f"{self.name}-{digest_of(parts)}"


@dataclass(frozen=True, eq=False)
class Step:
    """A stage of a recording, or what one makes of a part, with all that it needs."""

    stage: Stage
    job: Job
    key: str  # the name of its result
    made: Made
    part: tuple[InParts, Span] | None = None  # what is made of which part; None: the stage's layer

    @property
    def name(self) -> str:
        """For people: which stage, and what of it."""
        return f"{self.stage.name}: {self.part[0].name}" if self.part else self.stage.name

    @property
    def stretch(self) -> dict[str, float]:
        """For records of the log: of which stretch of the recording, where it is a part."""
        return {"from_s": self.part[1].start_s, "to_s": self.part[1].end_s} if self.part else {}

    def make(self, tick: Tick) -> Layer:
        """Do the work. Raises whatever the stage raises."""
        if self.part:
            return self.part[0].make(self.job, self.made, self.part[1], tick)
        return self.stage.make(self.job, self.made, tick)


def part_steps(stage: Stage, of: InParts, job: Job, key: str, made: Made) -> list[Step]:
    """The steps of all parts, in order; `key` is the stage's."""
    return [
        Step(stage, job, f"{key}-{of.name}-{part.start_s:.3f}-{part.end_s:.3f}", made, (of, part))
        for part in of.parts(job, made)
    ]
