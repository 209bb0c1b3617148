"""Commands on one file or some lines of text: no archive, no flow."""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from flows.models import Models
from flows.profiles import load_profile
from flows.yamlfile import configs_dir
from nlp import speakers
from nlp.asr import Piece
from nlp.audio import probe, sha256_of
from nlp.cutting import cut_places
from nlp.languages import language, script_shares
from nlp.listening import Listening
from nlp.theme_evidence import reasons
from transcripts.errors import ConfigurationError, FormatError
from transcripts.formats.subtitles import cues_of, write_srt, write_vtt
from transcripts.formats.transcript_json import transcript_document, transcript_text
from transcripts.records import Recording, Segment

AT_ONCE = 64  # segments whose sound is held for a second opinion


def _models(profile: str, themes: Path | None = None) -> Models:
    return Models(
        load_profile(profile),
        themes or configs_dir() / "themes.yaml",
        lambda line: print(line, file=sys.stderr),
    )


def transcribe_file(
    audio: Path,
    codes: Sequence[str],
    with_speakers: bool,
    form: str,
    profile: str,
    second_opinion: bool = False,
) -> str:
    """One recording as text of the wanted form ('json', 'txt', 'srt', 'vtt').

    With a second opinion, what the speech model makes of each segment in English stands beside it.
    Raises MediaError for what cannot be heard, ConfigurationError for languages, ModelError for a
    second opinion of a model that has none.
    """
    if second_opinion and form not in ("json", "txt"):
        raise ConfigurationError(f"--second-opinion is written as json or txt, not as {form}: choose one.")
    if not codes:
        raise ConfigurationError("--languages names no language: give codes such as ja,fa,es,ko,en.")
    for code in codes:
        language(code)
    models = _models(profile)
    media = probe(audio)
    recording = Recording(audio.stem, "", str(audio), sha256_of(audio), media.duration_s, media.kind)
    heard = models.listener.listen_to(audio, list(dict.fromkeys(codes)), media.heard_channels, _no_tick)
    for note in media.warnings + heard.notes:
        print(f"{audio}: {note}", file=sys.stderr)
    found = models.transcriber.transcribe(recording.id, audio, heard, _no_tick)
    segments: Sequence[Segment] = found.segments
    if with_speakers:
        segments = _with_speakers(audio, recording, heard, segments, models)
    english = _in_english(audio, segments, models) if second_opinion else {}
    if form == "json":
        document = transcript_document(recording, segments, found.gaps, models.transcript_signature, english)
        return json.dumps(document, ensure_ascii=False, indent=1) + "\n"
    if form == "txt":
        return transcript_text(segments, found.gaps, english)
    return {"srt": write_srt, "vtt": write_vtt}[form](cues_of(segments))


def _in_english(audio: Path, segments: Sequence[Segment], models: Models) -> dict[str, str]:
    """What the speech model makes of segments in other languages in English, by their ids."""
    found: dict[str, str] = {}
    foreign = [each for each in segments if each.language != "en"]
    sounds = zip(foreign, cut_places(audio, foreign), strict=True)
    while some := list(itertools.islice(sounds, AT_ONCE)):
        said = models.recogniser.translate([Piece(sound, each.language) for each, sound in some])
        found.update((each.id, text) for (each, _), text in zip(some, said, strict=True))
    return found


def _no_tick(reached_s: float) -> None:
    """Nobody watches."""


def _with_speakers(
    audio: Path,
    recording: Recording,
    heard: Listening,
    segments: Sequence[Segment],
    models: Models,
) -> list[Segment]:
    most = models.profile.speakers.max_speakers or 0
    diarized = models.diarizer.turns_of(recording.id, audio, heard.regions, most, _no_tick)
    return speakers.with_overlaps(speakers.attribute(segments, diarized.turns), diarized.overlaps)


def translate_lines(lines: Sequence[str], source: str, target: str, profile: str) -> Iterator[str]:
    """A translated line for each line, in order; empty lines stay empty."""
    for code in (source, target):
        language(code)
    for result in _models(profile).translator.translate(lines, source, target):
        yield " ".join(result.text.split("\n"))


def tag_lines(lines: Sequence[str], themes: Path | None, profile: str) -> Iterator[str]:
    """JSON lines `{"id", "themes": [{"id", "score", "assigned"}]}`, one for each line of text.

    An assigned theme also has `evidence` (the words that carry it), their place in the text, `start`
    and `end`, and the `nearest` term or example. A line is an object with `text` (and `id`,
    `language`), or plain text, whose id is then its line number and whose language is told by its
    script. Raises FormatError for an object that has no text, ConfigurationError for a language.
    """
    texts = [_text_of(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    tagger = _models(profile, themes).tagger
    tagged = tagger.score_texts([text for _, text, _ in texts])
    whys = reasons(tagger, [(text, code) for _, text, code in texts], tagged)
    for (text_id, text, _), scores, why in zip(texts, tagged, whys, strict=True):
        found: list[dict[str, Any]] = [
            {"id": theme, "score": round(score, 4), "assigned": assigned} for theme, score, assigned in scores
        ]
        for each in found:
            if reason := why.get(each["id"]):
                each |= {"evidence": text[reason.start : reason.end], **reason._asdict()}
        yield json.dumps({"id": text_id, "themes": found}, ensure_ascii=False)


def _text_of(number: int, line: str) -> tuple[str, str, str]:
    """The id, the text and the language of one input line."""
    if not line.lstrip().startswith("{"):
        return str(number), line, _written_in(line)
    try:
        held: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise FormatError(
            f"line {number} begins like a JSON object and is not one ({error}): mend it, or give plain text."
        ) from error
    if not isinstance(held.get("text"), str):
        raise FormatError(
            f'line {number} has no \'text\': write objects such as {{"id": "1", "text": "..."}}.'
        )
    code = held.get("language")
    code = language(str(code)).code if code else _written_in(held["text"])
    return str(held.get("id", number)), held["text"], code


def _written_in(text: str) -> str:
    """A language that is written as a text is; English where that tells nothing."""
    shares = script_shares(text)
    by_script = {"Japanese": "ja", "Hangul": "ko", "Arabic": "fa", "Han": "ja"}
    found = max(by_script, key=lambda script: shares.get(script, 0.0))
    return by_script[found] if shares.get(found, 0.0) > shares.get("Latin", 0.0) else "en"
