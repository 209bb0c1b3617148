"""A recording's speech as text: listen for language runs, then decode them.

The file is read twice, a little at a time, so memory does not grow with its
length: once to find speech and its languages (smoothing needs all of them),
once to decode.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from nlp.asr import Decoded, Piece, Recogniser, SpeechOptions, speech_signature
from nlp.audio import SAMPLE_RATE_HZ, Samples, cut, stream
from nlp.languages import fits_script, language
from nlp.runs import Region, Run, RunOptions, language_runs, listen, speech_regions, undeclared_languages
from nlp.speakers import segment_id
from transcripts.errors import MediaError
from transcripts.records import Gap, Segment, Signature, Span, Word

Tick = Callable[[float], None]  # told the second of the recording that has been reached
GROUP_S = 300.0  # sound held at a time while decoding; enough for batches of similar length
REPORTED_UNDECLARED_S = 10.0
SURE = 0.8  # belief in a run's language above which nothing else is tried
WORTH_A_TRY = 0.1  # belief in another language above which it is
DOUBTFUL_BELOW = 0.5  # belief in the chosen language below which a person should look
LITTLE_DECLARED = 0.05  # share of the model's belief in all declared languages together, likewise
# Whisper's rule for 'nobody spoke': likely silence, and a text it does not believe in.
NO_SPEECH_ABOVE = 0.6
UNBELIEVABLE_LOG_PROBABILITY = -1.0


@dataclass(frozen=True, slots=True)
class Listening:
    """Where speech is, and in which language. `notes` are doubts for the archivist, in words."""

    regions: tuple[Span, ...]
    runs: tuple[Run, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Transcript:
    """Segments in order of time, and the speech that has no text, with reasons."""

    segments: tuple[Segment, ...]
    gaps: tuple[Gap, ...] = ()


def listening_signature(options: SpeechOptions, run_options: RunOptions, revision: str) -> Signature:
    """What finds language runs: the speech model's ears and the options of `runs`."""
    model = replace(speech_signature(options, revision), component="nlp.runs")
    return replace(model, options={"compute_type": options.compute_type, **asdict(run_options)})


def listen_to(
    path: Path, recogniser: Recogniser, declared: Sequence[str], options: RunOptions, tick: Tick
) -> Listening:
    """Find speech and its language runs in a recording.

    Raises MediaError when there is no speech in it, ModelError when the model
    does not know a declared language.
    """
    recogniser.check_languages(declared)
    regions: list[Region] = []
    for region in listen(speech_regions(stream(path), options), recogniser.language_posteriors):
        regions.append(region)
        tick(region.span.end_s)
    if not regions:
        raise MediaError(
            f"{path} has no speech in it: "
            "if somebody does speak, check the level and the channel of the recording."
        )
    notes = tuple(
        f"about {seconds:.0f} s of {language(code).name} ({code}), not declared for the panel"
        for code, seconds in sorted(undeclared_languages(regions, declared, options).items())
        if seconds >= REPORTED_UNDECLARED_S
    )
    return Listening(
        tuple(region.span for region in regions), tuple(language_runs(regions, declared, options)), notes
    )


def transcribe(
    recording_id: str,
    path: Path,
    runs: Sequence[Run],
    recogniser: Recogniser,
    tick: Tick,
) -> Transcript:
    """Decode language runs.

    Raises MediaError when no run has any text (music, noise).
    """
    segments: list[Segment] = []
    gaps: list[Gap] = []
    for group, sounds in _groups(path, runs):
        for run, result in _decoded(group, sounds, recogniser):
            reason = _rejected(result)
            if reason:
                gaps.append(Gap(run.span, reason))
            else:
                segments.append(_segment(recording_id, run, result))
        tick(group[-1].span.end_s)
    if not segments:
        raise MediaError(
            f"{path} has sound but no words that could be understood (music or noise?): "
            "if somebody does speak, check the languages declared for its panel."
        )
    return Transcript(tuple(segments), tuple(gaps))


def _decoded(
    group: Sequence[Run], sounds: Sequence[Samples], recogniser: Recogniser
) -> list[tuple[Run, Decoded]]:
    """Each run with its text; where the language is in doubt, the likeliest of several decodings.

    A second opinion is asked where the belief in the run's language is weak, and
    where the text is not in its script.
    """
    tries = [(number, run.language) for number, run in enumerate(group)]
    for number, run in enumerate(group):
        if run.probability < SURE:
            tries += [
                (number, code)
                for code, belief in run.beliefs
                if belief >= WORTH_A_TRY and code != run.language
            ]
    results = dict(zip(tries, _decode(tries, sounds, recogniser), strict=True))
    in_script = [
        (number, code)
        for number, run in enumerate(group)
        if "script_mismatch" in results[number, run.language].flags
        for code, _ in run.beliefs
        if (number, code) not in results and fits_script(results[number, run.language].text, code)
    ]
    results |= dict(zip(in_script, _decode(in_script, sounds, recogniser), strict=True))
    chosen = []
    for number, run in enumerate(group):
        codes = [code for tried, code in results if tried == number]
        code = max(codes, key=lambda each: _fit(run, each, results[number, each]))
        chosen.append((replace(run, language=code), results[number, code]))
    return chosen


def _decode(
    tries: Sequence[tuple[int, str]],
    sounds: Sequence[Samples],
    recogniser: Recogniser,
) -> list[Decoded]:
    return recogniser.transcribe([Piece(sounds[number], code) for number, code in tries])


def _fit(run: Run, code: str, result: Decoded) -> float:
    """How well a language fits a run, by ear and by what comes out when it is decoded so.

    The sum of log-belief, mean log-probability of the tokens and a point for the right
    script chose the true language of every turn of three code-switched panels (136 turns).
    """
    belief = dict(run.beliefs)[code]
    return math.log(belief + 0.01) + result.mean_log_probability - ("script_mismatch" in result.flags)


def _groups(path: Path, runs: Sequence[Run]) -> Iterator[tuple[list[Run], list[Samples]]]:
    """Runs with their sound, some minutes at a time."""
    group: list[Run] = []
    sounds: list[Samples] = []
    for run, samples in zip(runs, cut(path, [run.span for run in runs]), strict=True):
        group.append(run)
        sounds.append(samples)
        if sum(map(len, sounds)) > GROUP_S * SAMPLE_RATE_HZ:
            yield group, sounds
            group, sounds = [], []
    if group:
        yield group, sounds


def _rejected(result: Decoded) -> str:
    """Why a result is not taken for speech; empty when it is."""
    if not any(character.isalnum() for character in result.text):
        return "nothing was recognised"
    if (
        result.no_speech_probability > NO_SPEECH_ABOVE
        and result.mean_log_probability < UNBELIEVABLE_LOG_PROBABILITY
    ):
        return f"not taken for speech (no-speech probability {result.no_speech_probability:.2f})"
    return ""


def _doubts(run: Run) -> tuple[str, ...]:
    likeliest = run.beliefs[0][0] == run.language and run.probability >= DOUBTFUL_BELOW
    return () if likeliest and run.declared_share >= LITTLE_DECLARED else ("language_doubtful",)


def _segment(recording_id: str, run: Run, result: Decoded) -> Segment:
    words = tuple(
        Word(
            word.text,
            Span(run.span.start_s + word.span.start_s, run.span.start_s + word.span.end_s),
            word.probability,
        )
        for word in result.words
    )
    confidence = (
        float(np.mean([word.probability for word in words]))
        if words
        else float(np.exp(result.mean_log_probability))
    )
    return Segment(
        id=segment_id(recording_id, run.span, run.language),
        recording_id=recording_id,
        span=run.span,
        language=run.language,
        language_probability=run.probability,
        text=result.text,
        words=words,
        confidence=confidence,
        flags=_doubts(run) + result.flags,
    )
