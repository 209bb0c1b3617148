"""Captions of an archive: readable in time, whatever was said, in every language; read by others' readers."""

from __future__ import annotations

import io
from itertools import pairwise

import pysubs2
import pytest
import regex
import webvtt
from hypothesis import given, settings
from sample_documents import document, documents, remark

from transcripts.document import Document, Rendering
from transcripts.formats.captions import ORIGINAL, captions, tracks
from transcripts.formats.subtitles import Cue, one_line, write_srt, write_vtt
from transcripts.records import Span, Word


def letters(text: str) -> str:
    return "".join(text.split())


def check_rules(cues: tuple[Cue, ...]) -> None:
    for cue in cues:
        lines = cue.text.split("\n")
        sizes = [len(regex.findall(r"\X", line)) for line in lines]
        assert 1 <= len(lines) <= 2
        assert max(sizes) <= (16 if cue.language in ("ja", "ko") else 42)
        assert all(line == line.strip() and line for line in lines)
        duration_ms = round(cue.span.end_s * 1000) - round(cue.span.start_s * 1000)
        assert duration_ms >= 800
        assert sum(sizes) * 1000 <= 20 * duration_ms
    for one, two in pairwise(cues):
        assert round(one.span.end_s * 1000) <= round(two.span.start_s * 1000)


@settings(max_examples=60)
@given(documents())
def test_captions_keep_the_rules_and_lose_no_letter(made: Document) -> None:
    for track in tracks(made):
        cues = captions(made, track)
        check_rules(cues)
        for each in made.remarks:
            mine = [cue for cue in cues if cue.id.partition("/")[0] == each.id]
            if track in (ORIGINAL, each.language):
                text, language = each.text, each.language
            else:
                rendering = each.rendering(track)
                text, language = (rendering.text, track) if rendering else ("", track)
            assert letters("".join(cue.text for cue in mine)) == letters(one_line(text, language))
            assert all(cue.language == language for cue in mine)


@settings(max_examples=60)
@given(documents())
def test_other_readers_see_the_same_captions(made: Document) -> None:
    cues = captions(made, ORIGINAL)
    read = webvtt.from_buffer(io.StringIO(write_vtt(cues, laid_out=True)), format="vtt").captions
    assert [each.identifier for each in read] == [cue.id for cue in cues]
    for caption, cue in zip(read, cues, strict=True):
        assert caption.start_time.in_milliseconds() == round(cue.span.start_s * 1000)
        assert caption.end_time.in_milliseconds() == round(cue.span.end_s * 1000)
        assert caption.voice == "S1"
    events = pysubs2.SSAFile.from_string(write_srt(cues, laid_out=True), format_="srt", keep_html_tags=True)
    assert [(event.start, event.end) for event in events] == [
        (round(cue.span.start_s * 1000), round(cue.span.end_s * 1000)) for cue in cues
    ]


def test_a_caption_begins_with_the_word_that_is_said_then() -> None:
    text = "It was a long time ago. " + "and then we went on to talk about it " * 2
    words = tuple(
        Word(f" {word}", Span(10 + n if n < 6 else 40 + n, 10.5 + n if n < 6 else 40.5 + n), 0.9)
        for n, word in enumerate(text.split())
    )
    cues = captions(document(remark(1, text, Span(10, 70), words=words)), "en")
    assert cues[0].text == "It was a long time ago."
    assert (cues[0].span.start_s, cues[1].span.start_s) == (10.0, 46.0)
    assert [cue.id for cue in cues][:2] == ["opening-00000001", "opening-00000001/2"]


@pytest.mark.parametrize(
    ("language", "text", "lines"),
    [
        ("en", "We discussed it in the committee, and then we wrote it down.",
         ["We discussed it in the committee,", "and then we wrote it down."]),
        ("ja", "映画の未来図を描く絵コンテです。次に進みます。",
         ["映画の未来図を描く", "絵コンテです。次に進みます。"]),
        ("ko", "부산국제영화제에서 판소리를 들었어요.", ["부산국제영화제에서", "판소리를 들었어요."]),
    ],
)  # fmt: skip
def test_lines_end_where_phrases_do(language: str, text: str, lines: list[str]) -> None:
    cues = captions(document(remark(1, text, Span(0, 9), language)), ORIGINAL)
    assert [line for cue in cues for line in cue.text.split("\n")] == lines


def test_fast_speech_comes_later_and_catches_up_in_the_pause() -> None:
    fast = "x" * 40 + " " + "y" * 40
    cues = captions(
        document(*(remark(n, fast, Span(n, n + 1.0)) for n in range(3)), remark(9, "calm", Span(60, 62))),
        "en",
    )
    assert [cue.span.start_s for cue in cues] == [0.0, 4.0, 8.0, 60.0]


def test_a_track_holds_what_is_said_in_its_language_or_translated_into_it() -> None:
    made = document(
        remark(
            1,
            "映画です。",
            Span(0, 5),
            "ja",
            renderings=(Rendering("en", "A film."), Rendering("es", "Cine.")),
        ),
        remark(2, "Yes.", Span(5, 7)),
        remark(3, "영화", Span(7, 9), "ko"),
    )
    assert tracks(made) == (ORIGINAL, "en", "es", "ja", "ko")
    texts = {track: [cue.text for cue in captions(made, track)] for track in tracks(made)}
    assert texts == {
        ORIGINAL: ["映画です。", "Yes.", "영화"],
        "en": ["A film.", "Yes."],
        "es": ["Cine."],
        "ja": ["映画です。"],
        "ko": ["영화"],
    }
