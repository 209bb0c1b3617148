"""What benchmarks/speech.py listens to: the demo panel, recorded panels where they are, made sound.

Recorded material lies outside the repository, in ../shared/audio; where it is not, the demo is
all there is, and its enrolment clips serve for word times.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks.nonspeech import non_speech
from benchmarks.times import Clip, loud_spans
from flows.demo import ReferenceTurn, reference_turns
from nlp.audio import SAMPLE_RATE_HZ, Samples
from transcripts.records import Span, Turn

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "configs" / "demo"
RECORDED = ROOT.parent / "shared" / "audio"
LANGUAGES = ("en", "es", "fa", "ja", "ko")
MANY_SPEAKERS = 20  # panels with more were made for languages, of single sentences a speaker
PAUSE_MS = 250  # a longer one is not counted as speech

# Of the recording that word times are measured on:
CLIPS_A_LANGUAGE = 6  # at most
LONGEST_CLIP_S = 12.0
CERTAIN_WITHIN_S = 0.15  # that two ways of finding the bounds of a clip may lie apart
CLIP_RMS = 0.1  # -20 dBFS
JOINED = 3  # clips in one breath
JOIN_S = 0.15  # shorter than any pause at which speech is cut, so that only alignment finds the join
PAUSE_S = 1.5


@dataclass(frozen=True, slots=True)
class Input:
    """One recording and what is known of it; what is not known is empty."""

    name: str
    path: Path
    duration_s: float
    languages: tuple[str, ...]
    turns: tuple[ReferenceTurn, ...] = ()
    speech: tuple[Span, ...] = ()  # where the turns have speech
    voices: tuple[Turn, ...] = ()  # who speaks when, if the recording is meant for that
    clips: tuple[Clip, ...] = ()  # words that start and end at known times
    sounds: tuple[tuple[str, Span], ...] = ()  # in which nobody speaks


def panel_names() -> list[str]:
    """The demo, and the recorded panels that are here."""
    return ["demo", *sorted(manifest.stem for manifest in RECORDED.glob("panels/*.json"))]


def load_panel(name: str) -> Input:
    """A panel with its reference: the packaged one, read as the demo reads it, or a recorded one."""
    if name == "demo":
        turns = reference_turns(DEMO / "script.yaml")["opening"]
        return _panel(name, DEMO / "opening.opus", turns, are_voices=True)
    manifest = RECORDED / "panels" / f"{name}.json"
    held = json.loads(manifest.read_text(encoding="utf-8"))
    turns = [
        ReferenceTurn(
            Span(turn["start_s"], turn["end_s"]),
            turn["speaker"],
            turn["language"],
            turn["text"] or "",
            frozenset(),
        )
        for turn in held["turns"]
    ]
    few = len({turn.speaker for turn in turns}) <= MANY_SPEAKERS
    return _panel(name, manifest.parent / held["file"], turns, are_voices=few)


def _panel(name: str, path: Path, turns: Sequence[ReferenceTurn], *, are_voices: bool) -> Input:
    sound = read_sound(path)
    rttm = path.with_suffix(".rttm")
    voices = read_rttm(rttm) if rttm.exists() else [Turn(name, turn.span, turn.speaker) for turn in turns]
    return Input(
        name,
        path,
        len(sound) / SAMPLE_RATE_HZ,
        tuple(sorted({turn.language for turn in turns})),
        tuple(turns),
        tuple(_speech(sound, turns)),
        tuple(voices) if are_voices else (),
    )


def _speech(sound: Samples, turns: Iterable[ReferenceTurn]) -> Iterator[Span]:
    """Where each turn has speech, as Silero hears the turn alone. Loudness would count noise as speech."""
    for turn in turns:
        start_s = turn.span.start_s
        first, last = round(start_s * SAMPLE_RATE_HZ), round(turn.span.end_s * SAMPLE_RATE_HZ)
        for span in speech_spans(sound[first:last]):
            yield Span(start_s + span.start_s, start_s + span.end_s)


def speech_spans(sound: Samples) -> Iterator[Span]:
    """Speech as Silero finds it, without padding."""
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    for each in get_speech_timestamps(sound, VadOptions(min_silence_duration_ms=PAUSE_MS, speech_pad_ms=0)):
        yield Span(each["start"] / SAMPLE_RATE_HZ, each["end"] / SAMPLE_RATE_HZ)


def first_minute(panel: Input, folder: Path) -> Input:
    """The turns of a panel that end within its first minute."""
    turns = tuple(turn for turn in panel.turns if turn.span.end_s <= 60.0)
    end_s = turns[-1].span.end_s
    path = folder / f"{panel.name}.flac"
    write_sound(path, [read_sound(panel.path)[: round(end_s * SAMPLE_RATE_HZ)]])
    return replace(
        panel,
        path=path,
        duration_s=end_s,
        turns=turns,
        speech=tuple(each for each in panel.speech if each.end_s <= end_s),
        voices=tuple(each for each in panel.voices if each.span.end_s <= end_s),
    )


def recorded_meetings() -> Iterator[Input]:
    """Excerpts of meetings (AMI) with who speaks when; nothing where there are none."""
    for rttm in sorted(RECORDED.glob("rttm/en_ami_*.rttm")):
        path = RECORDED / "clips" / f"{rttm.stem}.flac"
        duration_s = len(read_sound(path)) / SAMPLE_RATE_HZ
        yield Input(rttm.stem, path, duration_s, ("en",), voices=tuple(read_rttm(rttm)))


def read_rttm(path: Path) -> list[Turn]:
    """Speaker turns of a NIST RTTM file."""
    rows = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
    return [
        Turn(row[1], Span(float(row[3]), float(row[3]) + float(row[4])), row[7])
        for row in rows
        if row and row[0] == "SPEAKER"
    ]


def read_sound(path: Path) -> Samples:
    """A whole file as mono sound at 16 kHz, read as the peers read it: a reference knows nothing of us."""
    from faster_whisper import decode_audio

    return np.asarray(decode_audio(str(path), sampling_rate=SAMPLE_RATE_HZ), dtype=np.float32)


def word_times(folder: Path) -> Input:
    """Short clips joined to one recording in which every clip's first and last sound is known.

    Clips of a language are joined in one breath, three at a time, so that most of the known times
    lie inside what a decoder sees as one piece.
    """
    parts: list[Samples] = []
    clips: list[Clip] = []
    reached = 0  # samples
    languages = []
    for code, paths in _short_clips().items():
        cut = (sound for sound in map(_cut_clip, paths) if sound is not None)
        for number, sound in enumerate(islice(cut, CLIPS_A_LANGUAGE)):
            after_pause = number % JOINED == 0
            pause = round((PAUSE_S if after_pause else JOIN_S) * SAMPLE_RATE_HZ)
            start = reached + pause
            reached = start + len(sound)
            parts += [np.zeros(pause, dtype=np.float32), sound]
            clips.append(Clip(Span(start / SAMPLE_RATE_HZ, reached / SAMPLE_RATE_HZ), after_pause))
        languages.append(code)
    path = folder / "word-times.flac"
    write_sound(path, [np.concatenate(parts)])
    return Input("word-times", path, reached / SAMPLE_RATE_HZ, tuple(languages), clips=tuple(clips))


def _short_clips() -> Mapping[str, list[Path]]:
    """Recorded clips of each language, the shortest first; without any, the demo's enrolment clips."""
    found: dict[str, list[Path]] = {}
    if not (RECORDED / "manifest.json").exists():
        turns = [turn for panel in reference_turns(DEMO / "script.yaml").values() for turn in panel]
        for path in sorted((DEMO / "voices").glob("*.opus")):
            code = next(turn.language for turn in turns if turn.speaker == path.stem)
            found.setdefault(code, []).append(path)
        return found
    held = json.loads((RECORDED / "manifest.json").read_text(encoding="utf-8"))
    for each in sorted(held, key=lambda each: (each["seconds"], each["id"])):
        is_known = each["kind"] == "real" and each["transcript_quality"] == "reference"
        if is_known and each["lang"] in LANGUAGES and each["seconds"] <= LONGEST_CLIP_S:
            found.setdefault(each["lang"], []).append(RECORDED / each["file"])
    return dict(sorted(found.items()))


def _cut_clip(path: Path) -> Samples | None:
    """A clip from its first to its last sound, at one loudness; None where these are not certain.

    They are where loudness and the voice activity detector agree.
    """
    sound = read_sound(path)
    loud, speech = loud_spans(sound, SAMPLE_RATE_HZ), list(speech_spans(sound))
    if not loud or not speech:
        return None
    bounds = Span(loud[0].start_s, loud[-1].end_s)
    apart_s = max(abs(bounds.start_s - speech[0].start_s), abs(bounds.end_s - speech[-1].end_s))
    if apart_s > CERTAIN_WITHIN_S:
        return None
    cut = sound[round(bounds.start_s * SAMPLE_RATE_HZ) : round(bounds.end_s * SAMPLE_RATE_HZ)]
    return np.asarray(np.clip(cut * CLIP_RMS / np.sqrt(np.mean(cut**2)), -1, 1), dtype=np.float32)


def non_speech_input(folder: Path, scale: float) -> Input:
    """Sounds without speech, ten minutes at scale 1."""
    sound, spans = non_speech(scale)
    path = folder / "non-speech.flac"
    write_sound(path, [sound])
    return Input("non-speech", path, len(sound) / SAMPLE_RATE_HZ, LANGUAGES, sounds=tuple(spans.items()))


def long_input(folder: Path, panels: Sequence[Input], hours: float, talk_share: float = 1.0) -> Input:
    """The panels over and over, with as much silence between as asked, until the recording is long enough."""
    sounds = [read_sound(panel.path) for panel in panels]

    def repeated() -> Iterator[Samples]:
        missing = round(hours * 3600 * SAMPLE_RATE_HZ)
        while missing > 0:
            for sound in sounds:
                pause = np.zeros(round(len(sound) * (1 / talk_share - 1)), dtype=np.float32)
                for part in (sound, pause):
                    yield part[: max(0, missing)]
                    missing -= len(part)

    path = folder / f"long-{hours:g}-h.flac"
    write_sound(path, repeated())
    languages = sorted({code for panel in panels for code in panel.languages})
    return Input(f"{hours:g} hours", path, hours * 3600, tuple(languages))


def write_sound(path: Path, blocks: Iterable[Samples]) -> None:
    """Write mono blocks at 16 kHz as a FLAC file."""
    import av

    with av.open(str(path), "w") as container:
        track = container.add_stream("flac", rate=SAMPLE_RATE_HZ, layout="mono")
        for block in blocks:
            whole = np.asarray(np.clip(block, -1, 1) * 32767, dtype=np.int16)
            for first in range(0, len(whole), SAMPLE_RATE_HZ):
                frame = av.AudioFrame.from_ndarray(
                    whole[None, first : first + SAMPLE_RATE_HZ], format="s16", layout="mono"
                )
                frame.sample_rate = SAMPLE_RATE_HZ
                container.mux(track.encode(frame))
        container.mux(track.encode(None))
