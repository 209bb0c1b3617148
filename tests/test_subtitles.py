"""Captions: SRT and WebVTT in and out, with hostile text; and the transcript as JSON and as text."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from nlp.languages import LANGUAGES
from transcripts.errors import FormatError
from transcripts.formats.subtitles import (
    UNSPACED,
    Cue,
    cues_of,
    one_line,
    read_captions,
    write_srt,
    write_vtt,
)
from transcripts.formats.transcript_json import transcript_document, transcript_text
from transcripts.records import Gap, Recording, Segment, Signature, Span, Word

SCHEMAS = Path(__file__).parent.parent / "docs" / "schemas"

HOSTILE = [
    "-->", "--\u2060>", "00:00:01.000 --> 00:00:02.000", "1", "12\n", "WEBVTT", "NOTE", "STYLE", "\ufeff",
    "<b>", "</b>", "<", ">", "<v Eve>", "<lang ko>", "<00:00:01.000>", "<rt>", "<\u2060b>", "\u2060",
    "<!-- -->", "&", "&amp;", "&lt", "&#60;", "{\\an8}", "{", "\\N",
    "\u202e", "\u2066", "\u2069", "\u200f", "\u200c", "e\u0301", "\u0301", "か\u3099", "👩\u200d💻", "🇯🇵",
    "\n", "\n\n", "\r", "\r\n", "\u2028", "\x85", "\t", "\x00", "\x1b", " ", "\u3000",
    "映画", "دیدگاه", "영화", "AI",
]  # fmt: skip
hostile_text = st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=5)), max_size=8).map("".join)
times_ms = st.integers(0, 400 * 3_600_000)  # up to 400 hours


@st.composite
def hostile_cues(draw: st.DrawFn) -> list[Cue]:
    starts_ms = sorted(draw(st.lists(times_ms, min_size=1, max_size=4)))
    return [
        Cue(
            span=Span(start_ms / 1000, (start_ms + draw(st.integers(1, 60_000))) / 1000),
            text=draw(hostile_text) + draw(st.sampled_from(["x", "映画", "متن"])),  # never without words
            language=draw(st.sampled_from(["ja", "fa", "es", "ko", "en"])),
            voice=draw(
                st.none()
                | st.sampled_from(["S1", "Ann Lee", "A<b>&amp;c>", "-->", "A --", "監督　中", "کارگردان"])
            ),
        )
        for start_ms in starts_ms
    ]


def as_read(cues: list[Cue], *, voices: bool) -> list[Cue]:
    """The cues as they come back: in order, on one line, each blank of a voice a plain one."""
    return [
        Cue(
            each.span,
            one_line(each.text, each.language),
            each.language if voices else "en",
            " ".join(each.voice.split()) if voices and each.voice else None,
        )
        for each in sorted(cues, key=lambda each: each.span)
    ]


@pytest.fixture(scope="module")
def caption_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("captions") / "captions.txt"


@settings(max_examples=150, deadline=None, derandomize=True)
@given(hostile_cues())
def test_webvtt_comes_back_as_it_was_written(caption_file: Path, cues: list[Cue]) -> None:
    caption_file.write_bytes(write_vtt(cues).encode())
    assert list(read_captions(caption_file, "de")) == as_read(cues, voices=True)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(hostile_cues())
def test_subrip_comes_back_as_it_was_written(caption_file: Path, cues: list[Cue]) -> None:
    in_english = [Cue(each.span, each.text, "en", each.voice) for each in cues]
    caption_file.write_bytes(write_srt(in_english).encode())
    assert list(read_captions(caption_file, "en")) == as_read(in_english, voices=False)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(hostile_text, st.sampled_from(["ja", "en"]))
def test_one_line_is_one_line_and_stays_the_same(text: str, language: str) -> None:
    line = one_line(text, language)
    assert len(line.splitlines()) <= 1
    assert one_line(line, language) == line


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.sampled_from(["", "WEBVTT\n\n", "1\n00:00:01,000 --> 00:00:02,000\n"]), hostile_text)
def test_any_text_is_read_or_refused_in_words(caption_file: Path, start: str, text: str) -> None:
    caption_file.write_bytes((start + text).encode())
    with suppress(FormatError):  # a defect would raise something else
        assert read_captions(caption_file, "en")


def test_no_cue_has_more_lines_than_its_text(caption_file: Path) -> None:
    cue = Cue(Span(0, 1), "one\n\n2\n00:00:05,000 --> 00:00:06,000\ntwo", "en")
    for written in (write_srt([cue]), write_vtt([cue])):
        caption_file.write_text(written, encoding="utf-8")
        assert len(read_captions(caption_file, "en")) == 1


def test_times_beyond_ten_and_a_hundred_hours() -> None:
    cues = [
        Cue(Span(3_600 * 10.5, 3_600 * 11), "ten", "en"),
        Cue(Span(3_600 * 123, 442_800.0004), "hundred", "en"),
    ]
    assert "10:30:00,000 --> 11:00:00,000" in write_srt(cues)
    assert "123:00:00.000 --> 123:00:00.001" in write_vtt(cues), "an end is always after its start"


def test_webvtt_names_voice_and_language_and_escapes_markup() -> None:
    written = write_vtt([Cue(Span(1, 2.5), "AI と <b>映画</b> & -->", "ja", "S1")])
    assert written == (
        "WEBVTT\n\n00:00:01.000 --> 00:00:02.500\n"
        "<v S1><lang ja>AI と &lt;b&gt;映画&lt;/b&gt; &amp; --&gt;</lang></v>\n"
    )


def test_subrip_protects_what_a_player_would_take_for_markup() -> None:
    written = write_srt([Cue(Span(0, 1), "R&D, 1 < 2, <b>bold</b> -->", "en", "S1")])
    assert written == "1\n00:00:00,000 --> 00:00:01,000\nR&D, 1 < 2, <\u2060b>bold<\u2060/b> --\u2060>\n"


def test_cues_are_written_and_read_in_the_order_of_time(caption_file: Path) -> None:
    later, earlier = Cue(Span(5, 9), "later", "en"), Cue(Span(4, 6), "earlier", "en")
    assert write_vtt([later, earlier]).index("earlier") < write_vtt([later, earlier]).index("later")
    caption_file.write_text(
        "1\n00:00:05,000 --> 00:00:09,000\nlater\n\n2\n00:00:04,000 --> 00:00:06,000\nearlier\n",
        encoding="utf-8",
    )
    assert [cue.text for cue in read_captions(caption_file, "en")] == ["earlier", "later"]


def test_what_people_type_in_subrip(caption_file: Path) -> None:
    caption_file.write_text(
        "\n1\n00:00:01,000 --> 00:00:02,000\n<i>We made</i> a film,\n"
        "{\\an8}<font color='red'>he &amp; I</font>\n\n"
        "2\n00:00:02,000 --> 00:00:03,000\nI <3 it <laughs>\n\n\n"
        "3\n0:00:03.000 --> 0:00:04.000\n\n"
        "4\n00:00:04,000 --> 00:00:05,000\n1984\nwas a film\n",
        encoding="utf-8",
    )
    texts = [cue.text for cue in read_captions(caption_file, "en")]
    assert texts == ["We made a film, he & I", "I <3 it <laughs>", "1984 was a film"]


def test_what_webvtt_allows(caption_file: Path) -> None:
    caption_file.write_text(
        "WEBVTT - a panel\nKind: captions\n\nSTYLE\n::cue { color: red }\n\nNOTE\nnot --- a cue\n\n"
        "intro\n00:01.000 --> 00:02.500 align:start line:0\n"
        "<v.loud Director &amp; friend>We <c.red>made</c> <00:00:01.500>it</v>\n\n"
        "00:02.500 --> 00:04.000\n<v Moderator>Who?\n<v Editor>I &gt; you, I said <lang fr>moi</lang>.\n\n"
        "00:04.000 --> 00:06.000\n"
        "<v Director><lang ja-JP><ruby>映画<rt>えいが</rt></ruby>は\n対話です</lang>\n",
        encoding="utf-8",
    )
    assert read_captions(caption_file, "en") == (
        Cue(Span(1.0, 2.5), "We made it", "en", "Director & friend", "intro"),
        Cue(Span(2.5, 4.0), "Who?", "en", "Moderator"),
        Cue(Span(2.5, 4.0), "I > you, I said moi.", "en", "Editor"),
        Cue(Span(4.0, 6.0), "映画は対話です", "ja", "Director"),
    )


@pytest.mark.parametrize(
    ("language", "text", "joined"),
    [
        ("ja", "創造は\n対話です", "創造は対話です"),
        ("ja", "AI\nfilm の\n倫理", "AI film の倫理"),
        ("ko", "영화의\n미래", "영화의 미래"),
        ("fa", "آینده‌ی\n\n سینما", "آینده‌ی سینما"),
        ("en", "  one\r\ntwo\x00 ", "one two"),
    ],
)
def test_lines_join_as_the_language_writes_words(language: str, text: str, joined: str) -> None:
    assert one_line(text, language) == joined


def test_unspaced_languages_are_those_of_the_language_table() -> None:
    assert {code for code, each in LANGUAGES.items() if not each.spaced} == UNSPACED


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(tmp_path: Path, encoding: str, newline: str) -> None:
    path = tmp_path / "captions.srt"
    path.write_bytes(
        write_srt([Cue(Span(1, 2), "영화의 미래", "ko")]).replace("\n", newline).encode(encoding)
    )
    assert [cue.text for cue in read_captions(path, "ko")] == ["영화의 미래"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"   \n\n", "holds no captions"),
        (b"Dear all,\nhere are the minutes.\n", "holds no captions"),
        (b"WEBVTT\n\nNOTE nothing yet\n", "holds no text"),
        ("1\n00:00:01,000 --> 00:00:02,000\nEspaña\n".encode("latin-1"), "not UTF-8 text (byte 0xf1 at 36)"),
        (b"1\n00:00:02,000 --> 00:00:01,500\nback\n", "caption 1 ends at 00:00:01.500, not after"),
        (b"1\n00:00:02,000 --> 00:00:02,000\nnow\n", "caption 1 ends at 00:00:02.000, not after"),
        (
            b"1\n00:00:01,000 --> 00:00:02,000\nok\n\n2\n00:00:02 --> 00:00:03\nlost\n",
            "1 of 2 captions cannot be",
        ),
        (b"WEBVTT\n\n1:2:3:4 --> 5\nlost\n", "1 of 1 captions cannot be read"),
        (bytes(range(256)) * 20, "not UTF-8 text"),
    ],
)
def test_what_is_no_caption_file_is_told_by_name(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "captions.srt"
    path.write_bytes(content)
    with pytest.raises(FormatError) as told:
        read_captions(path, "en")
    assert said in str(told.value)
    assert str(path) in str(told.value)


def test_a_folder_and_a_missing_file_are_told(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="is a folder"):
        read_captions(tmp_path, "en")
    with pytest.raises(FormatError, match=r"nope\.srt cannot be read \(No such file"):
        read_captions(tmp_path / "nope.srt", "en")


RECORDING = Recording("panel", "panel", "panel.opus", "0" * 64, 12.34567)
SEGMENTS = (
    Segment(
        id="s1",
        recording_id="panel",
        span=Span(0.50049, 2.0),
        language="en",
        language_probability=0.99999,
        text="AI is a partner.",
        words=(Word(" AI", Span(0.5, 0.75), 0.98765), Word(" is a partner.", Span(0.75, 2.0), 0.5)),
        confidence=0.71239,
        speaker="S1",
        flags=("language-doubtful",),
    ),
    Segment("s2", "panel", Span(3661, 3662), "ja", 0.9, "対話\nです。"),
)
GAPS = (Gap(Span(2.0, 3.5), "music"),)
SIGNATURE = Signature("transcription", "embedded:whisper-base", "d01c", "MIT", {"beam_size": 5}, "0.1.0")


def test_the_json_transcript_is_as_documented() -> None:
    document = json.loads(json.dumps(transcript_document(RECORDING, SEGMENTS, GAPS, SIGNATURE)))
    schema = json.loads((SCHEMAS / "transcript.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(document)
    assert document["recording"] == {"path": "panel.opus", "sha256": "0" * 64, "duration_s": 12.346}
    assert document["segments"][0] == {
        "start_s": 0.5,
        "end_s": 2.0,
        "language": "en",
        "language_probability": 1.0,
        "speaker": "S1",
        "text": "AI is a partner.",
        "confidence": 0.7124,
        "flags": ["language-doubtful"],
        "channel": None,
        "second_opinion": None,
        "words": [
            {"text": " AI", "start_s": 0.5, "end_s": 0.75, "probability": 0.9877},
            {"text": " is a partner.", "start_s": 0.75, "end_s": 2.0, "probability": 0.5},
        ],
    }
    assert document["untranscribed"] == [{"start_s": 2.0, "end_s": 3.5, "reason": "music"}]
    assert document["signature"]["options"] == {"beam_size": 5}


def test_the_plain_transcript_has_a_line_for_everything_heard() -> None:
    assert transcript_text(SEGMENTS, GAPS) == (
        "[00:00:00] S1 (en): AI is a partner.\n"
        "[00:00:02] (not transcribed: music)\n"
        "[01:01:01] (ja): 対話です。\n"
    )


def test_segments_become_cues_with_their_speaker() -> None:
    assert cues_of(SEGMENTS)[0] == Cue(Span(0.50049, 2.0), "AI is a partner.", "en", "S1")


@pytest.mark.parametrize("name", ["transcript", "search"])
def test_every_part_of_a_schema_is_explained_and_closed(name: str) -> None:
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)

    def objects(part: object) -> list[dict[str, object]]:
        values = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
        found = [each for value in values for each in objects(value)]
        return [part, *found] if isinstance(part, dict) and "properties" in part and "type" in part else found

    for each in objects(schema):
        properties = each["properties"]
        assert isinstance(properties, dict)
        assert each["additionalProperties"] is False
        assert set(properties) == set(each["required"])  # type: ignore[call-overload]
        for key, value in properties.items():
            assert "description" in value or value.get("$ref") == "#/$defs/signature", key
