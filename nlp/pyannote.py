"""Diarization by a pyannote pipeline, for those who have a token of the model hub.

Its neural segmentation finds overlaps that voice vectors alone do not. Names still come
from the voices of `nlp.naming`, so that speakers are known across recordings by one
measure. The pipeline needs the whole recording in memory (230 MB an hour).

Its weights cannot be had without a token, so no figure of ours stands behind it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nlp.audio import SAMPLE_RATE_HZ, stream
from nlp.cutting import cut
from nlp.listening import Region, Tick
from nlp.speakers import Diarization, SpeakerOptions, embed_regions
from nlp.voices import Vectors, VoiceEncoder, unit
from nlp.weights import is_commit, quiet_libraries
from transcripts.errors import ModelError
from transcripts.records import Signature, Span, Turn

if TYPE_CHECKING:
    from pyannote.audio import Pipeline

INSTALL = "pip install 'pyannote.audio>=4,<5'"


class PyannoteDiarizer:
    """A pyannote pipeline in the place of `nlp.diarization.VoiceDiarizer`."""

    def __init__(self, pipeline: Pipeline, encoder: VoiceEncoder, options: SpeakerOptions) -> None:
        self._pipeline = pipeline
        self._encoder = encoder
        self._options = options

    def turns_of(
        self,
        recording_id: str,
        path: Path,
        regions: Sequence[Region],
        declared_speakers: int,
        tick: Tick,
        vectors: Sequence[Vectors] = (),
    ) -> Diarization:
        """Turns in order of time, overlapping where two speak at once. Regions and vectors are not looked at.

        Raises MediaError when the file cannot be read.
        """
        import torch

        sound = np.concatenate(list(stream(path)))
        most = {"max_speakers": declared_speakers + self._options.guests} if declared_speakers else {}
        file = {"waveform": torch.from_numpy(sound)[None], "sample_rate": SAMPLE_RATE_HZ}
        found: Any = self._pipeline(file, **most)
        end_s = len(sound) / SAMPLE_RATE_HZ  # the last window may reach beyond it
        spoken = sorted(
            (Span(float(each.start), min(end_s, float(each.end))), str(label))
            for each, _, label in found.speaker_diarization.itertracks(yield_label=True)
            if each.start < end_s
        )
        names: dict[str, str] = {}
        for _, label in spoken:
            names.setdefault(label, f"S{len(names) + 1}")
        turns = tuple(Turn(recording_id, span, names[label]) for span, label in spoken)
        tick(end_s)
        overlaps = [
            Span(float(each.start), float(each.end)) for each in found.speaker_diarization.get_overlap()
        ]
        return Diarization(turns, self._voices(path, turns), tuple(overlaps))

    def _voices(self, path: Path, turns: Sequence[Turn]) -> dict[str, tuple[float, ...]]:
        """The mean voice of each label, over its turns."""
        spans = [turn.span for turn in turns]
        totals: dict[str, np.ndarray] = {}
        vectors = embed_regions(spans, cut(path, spans), self._encoder, self._options)
        for turn, own in zip(turns, vectors, strict=True):
            totals[turn.label] = totals.get(turn.label, np.zeros(own.shape[1])) + own.sum(axis=0)
        return {label: tuple(map(float, unit(total))) for label, total in totals.items()}


def load_pyannote(name: str) -> Pipeline:
    """The pipeline of a hub name with its commit, or of a folder; the token is that of the hub (HF_TOKEN).

    Its weights are pickles, of which torch is told to make arrays and the few records that pyannote puts
    beside them, and nothing else. Raises ModelError when the package, the token or the weights are missing,
    and for a hub name without a commit: under such a name weights may be exchanged.
    """
    quiet_libraries()
    os.environ["PYANNOTE_METRICS_ENABLED"] = "0"  # its telemetry
    os.environ["TORCH_FORCE_WEIGHTS_ONLY_LOAD"] = "1"  # whatever pyannote and lightning ask for
    repository, _, commit = name.partition("@")
    if not is_commit(commit) and not Path(name).expanduser().exists():
        raise ModelError(
            f"{name!r} does not say which commit of it is meant, and its weights are pickles, which may hold "
            f"code: name it as {repository}@ and the 40 digits of a commit on the hub, or give a folder."
        )
    try:
        from pyannote.audio import Pipeline
        from pyannote.audio.core.task import Problem, Resolution, Specifications
    except ImportError as error:
        raise ModelError(
            f"the profile asks for {name!r}, and pyannote.audio is not installed ({error}): {INSTALL}, or "
            "take 'diarization' out of the profile's 'speakers'."
        ) from error
    import torch

    records = [torch.torch_version.TorchVersion, Problem, Resolution, Specifications]
    try:
        with torch.serialization.safe_globals(records):
            pipeline = (
                Pipeline.from_pretrained(repository, revision=commit)
                if commit
                else Pipeline.from_pretrained(name)
            )
    except Exception as error:  # whatever the hub, the network or the weights say
        raise ModelError(
            f"{name!r} cannot be loaded ({error}): accept its conditions on the model hub and set HF_TOKEN, "
            "name the folder of a downloaded copy, or take 'diarization' out of the profile's 'speakers'."
        ) from error
    if pipeline is None:
        raise ModelError(f"{name!r} is no pipeline that this token may read: set HF_TOKEN to one that may.")
    return pipeline


def pyannote_signature(name: str, encoder: Signature, options: SpeakerOptions) -> Signature:
    """What made turns: the pipeline, the library that runs it, and the encoder that names voices."""
    try:
        version = metadata.version("pyannote.audio")
    except metadata.PackageNotFoundError:
        version = ""
    kept = {"pyannote.audio": version, "voices": encoder.digest, **asdict(options)}
    return Signature("nlp.pyannote", name, options=kept)
