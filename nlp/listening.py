"""Listening to a recording: where there is speech, and in which languages.

The file is read a little at a time, so memory does not grow with its length. Where each
channel is a microphone of its own, each is listened to by itself: two people may speak
at once, each into one.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from pathlib import Path

import numpy as np

from nlp.asr import Recogniser
from nlp.audio import Samples, channel_shares, stream
from nlp.channels import LookOptions, MixOptions
from nlp.languages import language
from nlp.regions import speech_regions
from nlp.runs import Run, RunOptions, language_runs, listen, undeclared_languages
from nlp.voices import VoiceEncoder
from transcripts.errors import MediaError
from transcripts.records import Signature, Span

Tick = Callable[[float], None]  # told the second of the recording that has been reached
REPORTED_UNDECLARED_S = 10.0
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
class Listener:
    """What is needed to listen: ears for languages and for voices."""

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
        self.recogniser.check_languages(declared)
        regions: list[Region] = []
        runs: list[Run] = []
        strangers: dict[str, float] = {}
        for channel in channels:
            spans = self._own_spans(path, channel, len(channels))

            def spoken(
                channel: int | None = channel, spans: frozenset[Span] | None = spans
            ) -> Iterator[Found]:
                for span, samples in speech_regions(stream(path, channel=channel), self.options.regions):
                    if spans is None or span in spans:
                        regions.append(Region(span, channel))
                        tick(span.end_s)
                        yield span, samples

            stretches = list(listen(spoken(), self.recogniser, self.voices, declared, self.options))
            runs += [
                replace(run, channel=channel) for run in language_runs(stretches, declared, self.options)
            ]
            for code, seconds in undeclared_languages(stretches).items():
                strangers[code] = strangers.get(code, 0.0) + seconds
        if not regions:
            raise MediaError(
                f"{path} has no speech in it: "
                "if somebody does speak, check the level and the channel of the recording."
            )
        notes = tuple(
            f"about {seconds:.0f} s of {language(code).name} ({code}), not declared for the panel"
            for code, seconds in sorted(strangers.items())
            if seconds >= REPORTED_UNDECLARED_S
        )
        return Listening(
            tuple(sorted(regions, key=lambda each: each.span)),
            tuple(sorted(runs, key=lambda each: each.span)),
            notes,
        )

    def _own_spans(self, path: Path, channel: int | None, channels: int) -> frozenset[Span] | None:
        """Regions of a microphone that are its own and no bleed of another; None for all."""
        if channel is None or channels == 1:
            return None
        spans = [span for span, _ in speech_regions(stream(path, channel=channel), self.options.regions)]
        shares = channel_shares(path, spans)
        own = shares[:, channel] >= np.minimum(OWN_SHARE, shares.max(axis=1))  # whoever has no microphone
        return frozenset(itertools.compress(spans, own))


Found = tuple[Span, Samples]


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
