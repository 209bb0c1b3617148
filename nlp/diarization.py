"""Diarization of a recording: its file and speech regions in, turns and voices out.

`nlp.speakers` tells voice vectors apart; here they are made, a little of the file at
a time. Where each channel is a microphone of its own, whose microphone heard it best
counts beside the voice.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from nlp.audio import Samples, channel_shares
from nlp.channels import MixOptions
from nlp.cutting import cut_places
from nlp.listening import Region, Tick
from nlp.speakers import Diarization, Microphones, SpeakerOptions, diarize, embed_regions, windows_of
from nlp.voices import Vectors, VoiceEncoder
from transcripts.records import Signature


class Diarizer(Protocol):
    """Anything that tells who speaks when (`VoiceDiarizer`, `nlp.pyannote.PyannoteDiarizer`)."""

    def turns_of(
        self,
        recording_id: str,
        path: Path,
        regions: Sequence[Region],
        declared_speakers: int,
        tick: Tick,
        vectors: Sequence[Vectors] = (),
    ) -> Diarization: ...


@dataclass(frozen=True, slots=True)
class VoiceDiarizer:
    """Diarization by voice vectors."""

    encoder: VoiceEncoder
    options: SpeakerOptions

    def turns_of(
        self,
        recording_id: str,
        path: Path,
        regions: Sequence[Region],
        declared_speakers: int,
        tick: Tick,
        vectors: Sequence[Vectors] = (),
    ) -> Diarization:
        """Turns of a recording, of at most `declared_speakers` and some guests; 0 where nobody is declared.

        `vectors` are the `vectors_of` all regions, where they are known. Raises MediaError when the
        file cannot be read.
        """
        spans = [each.span for each in regions]
        vectors = vectors or self.vectors_of(path, regions, tick)
        microphones = self._microphones(path, regions)
        return diarize(recording_id, spans, vectors, declared_speakers, self.options, microphones)

    def vectors_of(
        self, path: Path, regions: Sequence[Region], tick: Tick, read_on: bool = False
    ) -> list[Vectors]:
        """Voice vectors of regions, shape (windows, dim) each; `read_on` as in `nlp.cutting`."""
        heard = self._heard(path, regions, tick, read_on)
        return list(embed_regions([each.span for each in regions], heard, self.encoder, self.options))

    def _heard(self, path: Path, regions: Sequence[Region], tick: Tick, read_on: bool) -> Iterator[Samples]:
        for region, samples in zip(regions, cut_places(path, regions, read_on), strict=True):
            yield samples
            tick(region.span.end_s)

    def _microphones(self, path: Path, regions: Sequence[Region]) -> Microphones | None:
        """Who heard each window how well; None where all channels are one."""
        if all(region.channel is None for region in regions):
            return None
        windows = [windows_of(region.span, self.options) for region in regions]
        shares = channel_shares(path, list(itertools.chain.from_iterable(windows)))
        ends = np.cumsum([len(each) for each in windows])[:-1]
        parts = [each.astype(np.float32) for each in np.split(shares, ends)]
        return Microphones([region.channel for region in regions], parts)


def diarization_signature(encoder: Signature, options: SpeakerOptions) -> Signature:
    """What made turns: the encoder's weights, every option, and how channels are mixed."""
    return replace(
        encoder, component="nlp.diarization", options={**asdict(options), "mix": asdict(MixOptions())}
    )
