"""Listening to a recording: where there is speech, and in which languages.

The file is read a little at a time, so memory does not grow with its length. Where each
channel is a microphone of its own, each is listened to by itself: two people may speak
at once, each into one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from pathlib import Path

import numpy as np

from nlp.asr import Recogniser
from nlp.audio import Samples, channel_shares, stream
from nlp.channels import LookOptions, MixOptions
from nlp.cutting import cut
from nlp.regions import speech_regions
from nlp.runs import Run, RunOptions, Stretch, language_runs, listen, undeclared_languages
from nlp.strangers import told
from nlp.voices import VoiceEncoder
from transcripts.errors import MediaError
from transcripts.records import Signature, Span

Tick = Callable[[float], None]  # told the second of the recording that has been reached
OWN_SHARE = 0.25  # of the power of all microphones: with less in its own, speech is another's, bleeding in


@dataclass(frozen=True, slots=True)
class Region:
    """Speech without a longer pause; `channel` is None where all channels are heard as one."""

    span: Span
    channel: int | None = None


@dataclass(frozen=True, slots=True)
class Listening:
    """Where speech is, and in which language. `notes` are doubts for the archivist, in words."""

    regions: tuple[Region, ...]
    runs: tuple[Run, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hearing:
    """What was heard of a part of a recording: the stretches of one language, by channel."""

    channels: tuple[tuple[int | None, tuple[Stretch, ...]], ...]


@dataclass(frozen=True, slots=True)
class Listener:
    """What is needed to listen: ears for languages and for voices.

    A recording is listened to in one piece (`listen_to`), or in parts: `regions_of` it are
    found, `hear` is called for those of each part, and what was heard is `joined`.
    """

    recogniser: Recogniser
    voices: VoiceEncoder
    options: RunOptions

    def listen_to(
        self, path: Path, declared: Sequence[str], channels: Sequence[int | None], tick: Tick
    ) -> Listening:
        """Find speech and its language runs in a recording.

        `channels` are `MediaInfo.heard_channels`. Raises
        MediaError when there is no speech in any, ModelError when the model does not
        know a declared language.
        """
        if len(channels) > 1:  # which region is whose is known only at the end of the file
            regions = self.regions_of(path, channels, _nobody)
            return self.joined(regions, [self.hear(path, regions, declared, tick)], declared)
        self.recogniser.check_languages(declared)
        found: list[Region] = []

        def spoken() -> Iterator[tuple[Span, Samples]]:
            for span, samples in speech_regions(stream(path, channel=channels[0]), self.options.regions):
                found.append(Region(span, channels[0]))
                tick(span.end_s)
                yield span, samples

        stretches = tuple(listen(spoken(), self.recogniser, self.voices, declared, self.options))
        _check_speech(path, found)
        return self.joined(found, [Hearing(((channels[0], stretches),))], declared)

    def regions_of(self, path: Path, channels: Sequence[int | None], tick: Tick) -> tuple[Region, ...]:
        """Where there is speech, in order. Raises MediaError when there is none."""
        found: list[Region] = []
        for channel in channels:
            for span, _ in speech_regions(stream(path, channel=channel), self.options.regions):
                found.append(Region(span, channel))
                tick(span.end_s)
        if len(channels) > 1:
            found = _own(path, found)
        _check_speech(path, found)
        return tuple(sorted(found, key=lambda each: each.span))

    def hear(
        self,
        path: Path,
        regions: Sequence[Region],
        declared: Sequence[str],
        tick: Tick,
        read_on: bool = False,
    ) -> Hearing:
        """Listen to regions, all or those of a part; `read_on` as in `nlp.cutting`. Raises ModelError."""
        self.recogniser.check_languages(declared)

        def spoken(channel: int | None) -> Iterator[tuple[Span, Samples]]:
            spans = [each.span for each in regions if each.channel == channel]
            for span, samples in zip(spans, cut(path, spans, channel, read_on), strict=True):
                tick(span.end_s)
                yield span, samples

        return Hearing(
            tuple(
                (
                    channel,
                    tuple(listen(spoken(channel), self.recogniser, self.voices, declared, self.options)),
                )
                for channel in sorted({each.channel for each in regions}, key=lambda each: each or 0)
            )
        )

    def joined(
        self, regions: Sequence[Region], heard: Sequence[Hearing], declared: Sequence[str]
    ) -> Listening:
        """What was heard of all parts, in their order: smoothed as a whole, and cut into runs."""
        by_channel: dict[int | None, list[Stretch]] = {}
        for hearing in heard:
            for channel, stretches in hearing.channels:
                by_channel.setdefault(channel, []).extend(stretches)
        runs = [
            replace(run, channel=channel)
            for channel, own in by_channel.items()
            for run in language_runs(own, declared, self.options)
        ]
        strangers = Counter[str]()
        for own in by_channel.values():
            strangers.update(undeclared_languages(own))
        notes = told(strangers, self.options.strangers)
        return Listening(tuple(regions), tuple(sorted(runs, key=lambda each: each.span)), notes)


def _nobody(reached_s: float) -> None:
    """Nobody watches."""


def _check_speech(path: Path, regions: Sequence[Region]) -> None:
    if not regions:
        raise MediaError(
            f"{path} has no speech in it: "
            "if somebody does speak, check the level and the channel of the recording."
        )


def _own(path: Path, regions: Sequence[Region]) -> list[Region]:
    """Regions of microphones that are their own, and no bleed of another."""
    shares = channel_shares(path, [each.span for each in regions])
    least = np.minimum(OWN_SHARE, shares.max(axis=1, initial=0.0))  # whoever has no microphone
    return [
        region
        for region, heard, enough in zip(regions, shares, least, strict=True)
        if region.channel is None or heard[region.channel] >= enough
    ]


def listening_signature(speech: Signature, voices: Signature, options: RunOptions) -> Signature:
    """What finds language runs: the speech model's ears, the voice encoder and the options of `runs`."""
    kept = {
        "compute_type": speech.options["compute_type"],
        "lead_s": speech.options["lead_s"],
        "tail_s": speech.options["tail_s"],
        "heard_step_s": speech.options["heard_step_s"],
        "voices": voices.digest,
        "detector": metadata.version("faster-whisper"),  # brings Silero's weights
        "mix": asdict(MixOptions()),
        "look": asdict(LookOptions()),
        "own_share": OWN_SHARE,
        **asdict(options),
    }
    return replace(speech, component="nlp.listening", options=kept)
