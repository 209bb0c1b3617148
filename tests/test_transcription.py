"""Language runs as text: what is decoded again, parted or listed, and that no speech is lost on the way."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fakes_hearing import Hearing, Place, PlacedRecogniser, by_language, decoded, said, within
from hypothesis import given, settings
from hypothesis import strategies as st
from sounds import Sound, babble, write_sound

from nlp.asr import Decoded
from nlp.audio import SAMPLE_RATE_HZ
from nlp.glossary import Glossary
from nlp.listening import Listening, Region
from nlp.runs import Run
from nlp.transcription import Transcriber, Transcript, TranscriptOptions
from transcripts.errors import MediaError
from transcripts.records import Segment, Span, Word, covered_s, without

LENGTH_S = 24.0
SAMPLE_S = 1 / SAMPLE_RATE_HZ  # parts of a run begin and end at samples
ENGLISH = said("the machine listens to everything we say", Span(0.2, 4.0))
JAPANESE = said("これは とても 面白い 質問です", Span(4.1, 8.0))
MORE_ENGLISH = said("and then it answers us very slowly", Span(8.1, 11.8))


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of one channel. What is said in it, the test tells."""
    return write_sound(tmp_path_factory.mktemp("one") / "one.wav", babble(LENGTH_S, 1)[None])


@pytest.fixture(scope="module")
def microphones(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two microphones: of two people, one speaks for six seconds, then the other; each bleeds."""
    first, second = babble(12.0, 1), babble(12.0, 2)
    first[6 * 16_000 :], second[: 6 * 16_000] = 0.0, 0.0
    sound: Sound = np.stack([first + 0.1 * second, second + 0.1 * first])
    return write_sound(tmp_path_factory.mktemp("two") / "two.wav", sound)


def run(start_s: float, end_s: float, code: str = "en", channel: int | None = None, **beliefs: float) -> Run:
    ranked = sorted((beliefs or {code: 1.0}).items(), key=lambda item: -item[1])
    return Run(Span(start_s, end_s), code, tuple(ranked), channel=channel)


def transcribed(
    path: Path,
    hear: Hearing,
    runs: Sequence[Run],
    options: TranscriptOptions | None = None,
    pauses: Sequence[Span] = (),
    glossary: Glossary | None = None,
) -> tuple[Transcript, list[Place]]:
    """The transcript, and what was asked for. All of a run but its pauses is speech."""
    recogniser = PlacedRecogniser(path, hear, sorted({each.channel for each in runs}, key=str))
    transcriber = Transcriber(recogniser, options or TranscriptOptions())  # type: ignore[arg-type]
    regions = [Region(span, each.channel) for each in runs for span in without([each.span], pauses)]
    heard = Listening(tuple(sorted(regions, key=lambda each: each.span)), tuple(runs))
    return transcriber.transcribe("r", path, heard, lambda second: None, glossary), recogniser.asked


def texts(transcript: Transcript) -> list[tuple[str, str]]:
    return [(each.language, each.text) for each in transcript.segments]


def written(words: Sequence[Word]) -> str:
    return "".join(word.text for word in words)


# Another language


def test_a_text_in_another_script_is_decoded_again_in_that_language(one: Path) -> None:
    agreed = said("そうです ね", Span(4.2, 5.8))  # too few words to be a part of their own
    hear = by_language({"en": agreed, "ja": agreed, "es": agreed})
    found, asked = transcribed(one, hear, [run(4, 6, en=0.93, ja=0.04, es=0.03)])
    assert texts(found) == [("ja", written(agreed))]
    assert [place.language for place in asked] == ["en", "ja"]  # Spanish is neither likely nor written so
    assert "script_mismatch" not in found.segments[0].flags
    assert "language_doubtful" in found.segments[0].flags


def test_a_text_in_a_script_of_no_declared_language_stays_and_is_flagged(one: Path) -> None:
    found, asked = transcribed(one, by_language({"en": JAPANESE}), [run(4, 8.2, en=0.95, es=0.05)])
    assert [place.language for place in asked] == ["en"]
    assert "script_mismatch" in found.segments[0].flags


def test_a_language_that_is_hardly_believed_does_not_win_by_its_script(one: Path) -> None:
    latin = said("emruz hava khub", Span(0.2, 3.0))
    hear = by_language(dict.fromkeys(("fa", "en", "es"), latin))
    found, asked = transcribed(one, hear, [run(0, 4, "fa", fa=0.97, en=0.02, es=0.01)])
    assert [each.language for each in found.segments] == ["fa"]
    assert "script_mismatch" in found.segments[0].flags
    assert [place.language for place in asked] == ["fa"]


def test_a_run_with_words_in_another_script_is_parted(one: Path) -> None:
    hear = by_language({"en": [*ENGLISH, *JAPANESE, *MORE_ENGLISH], "ja": JAPANESE})
    found, _ = transcribed(one, hear, [run(0, 12, en=0.9, ja=0.1)])
    wanted = [("en", ENGLISH), ("ja", JAPANESE), ("en", MORE_ENGLISH)]
    assert texts(found) == [(code, written(words)) for code, words in wanted]
    assert [each.span.start_s for each in found.segments] == [0.0, pytest.approx(4.1), pytest.approx(8.1)]


def test_a_run_is_parted_wherever_the_script_changes(one: Path) -> None:
    words = [
        *said("we begin with what machines hear", Span(0.2, 4.0)),
        *said("これは とても 2024 面白い 質問です", Span(4.1, 8.0)),
        *said("and then it answers us slowly", Span(8.1, 11.8)),
        *said("それは もう AI が 知って いる と 思います", Span(12.1, 15.8)),
    ]
    found, _ = transcribed(one, by_language({"en": words, "ja": words}), [run(0, 16, en=0.9, ja=0.1)])
    wanted = [("en", words[:6]), ("ja", words[6:11]), ("en", words[11:17]), ("ja", words[17:])]
    assert texts(found) == [(code, written(each).strip()) for code, each in wanted]
    assert [each.flags for each in found.segments] == [(), ("language_doubtful",), (), ("language_doubtful",)]
    check_all_speech_is_accounted_for(found, [run(0, 16)])


def test_two_words_in_another_script_are_a_name_and_part_nothing(one: Path) -> None:
    hear = by_language(
        {"en": [*ENGLISH, *said("宮崎 駿です", Span(4.1, 8.0)), *MORE_ENGLISH], "ja": JAPANESE}
    )
    found, _ = transcribed(one, hear, [run(0, 12, en=0.9, ja=0.1)])
    assert [each.language for each in found.segments] == ["en"]


def test_names_with_a_word_between_them_part_nothing(one: Path) -> None:
    words = [*ENGLISH, *said("宮崎 駿 and 黒澤 明", Span(4.1, 8.0)), *MORE_ENGLISH]
    found, _ = transcribed(one, by_language({"en": words, "ja": words}), [run(0, 12, en=0.9, ja=0.1)])
    assert [(each.language, each.flags) for each in found.segments] == [("en", ())]


def test_a_run_is_not_parted_when_a_part_is_not_understood(one: Path) -> None:
    hear = by_language({"en": [*ENGLISH, *JAPANESE, *MORE_ENGLISH]})  # nothing, when asked in Japanese
    found, _ = transcribed(one, hear, [run(0, 12, en=0.9, ja=0.1)])
    assert texts(found) == [("en", written([*ENGLISH, *JAPANESE, *MORE_ENGLISH]))]
    assert found.segments[0].flags == ("script_mismatch",)


@pytest.mark.parametrize(("stranger_share", "flags"), [(0.75, ("language_doubtful",)), (0.25, ())])
def test_speech_that_is_mostly_in_an_undeclared_language_is_doubted(
    one: Path, stranger_share: float, flags: tuple[str, ...]
) -> None:
    french = replace(run(0, 4.2, en=0.97, es=0.03), declared_share=0.15, stranger_share=stranger_share)
    found, _ = transcribed(one, by_language({"en": ENGLISH}), [french])
    assert [each.flags for each in found.segments] == [flags]


# Speech that was passed by


def with_hole(in_hole: Decoded) -> Hearing:
    """Words from 0 to 4 s and from 8 to 12 s; what is heard between when it is decoded by itself."""
    whole = [*ENGLISH, *MORE_ENGLISH]
    return lambda place: decoded(within(whole, place)) if place.span.duration_s > 6 else in_hole


def test_speech_without_words_is_decoded_by_itself(one: Path) -> None:
    missed = said("nobody heard this before", Span(0.2, 3.3))
    found, asked = transcribed(one, with_hole(decoded(missed)), [run(0, 12)])
    assert [each.text for each in found.segments] == [*map(written, [ENGLISH, missed, MORE_ENGLISH])]
    assert found.gaps == ()
    hole = asked[-1].span
    assert [hole.start_s, hole.end_s] == pytest.approx([4.25, 7.85], abs=0.01)
    assert found.segments[1].words[0].span.start_s == pytest.approx(hole.start_s + 0.2)


def test_a_hole_that_is_not_understood_is_listed(one: Path) -> None:
    made_up = decoded(said("you", Span(0.2, 0.5)), sure=-1.5, no_speech=0.9)
    found, _ = transcribed(one, with_hole(made_up), [run(0, 12)])
    (gap,) = found.gaps
    assert gap.reason.startswith("speech without words: not taken for speech")
    assert gap.span.start_s == pytest.approx(4.25, abs=0.01)


def test_words_that_are_there_at_times_that_are_off_are_not_doubled(one: Path) -> None:
    repeated = decoded(said("we say and then", Span(0.5, 2.0)))
    found, _ = transcribed(one, with_hole(repeated), [run(0, 12)])
    assert [len(each.words) for each in found.segments] == [len(ENGLISH) + len(MORE_ENGLISH)]
    assert found.gaps == ()


def test_a_sentence_that_is_said_again_later_is_not_lost(one: Path) -> None:
    again = "machines listen to everything"
    whole = [*said(again, Span(0.2, 2.0)), *said("we ask them why and they answer us", Span(2.1, 9.0))]
    whole += said("very slowly indeed", Span(12.1, 14.0))

    def hear(place: Place) -> Decoded:
        in_hole = decoded(said(again, Span(0.1, 2.0)))
        return decoded(within(whole, place)) if place.span.duration_s > 6 else in_hole

    found, _ = transcribed(one, hear, [run(0, 14)])
    assert [each.text for each in found.segments] == [written(whole[:12]), again, written(whole[12:]).strip()]


def test_a_name_is_looked_for_in_speech_that_was_passed_by(one: Path) -> None:
    missed = said("we met Spilberg in town", Span(0.2, 3.3))
    glossary = Glossary.of({"spielberg": {"en": ["Spielberg"]}})
    found, _ = transcribed(one, with_hole(decoded(missed)), [run(0, 12)], glossary=glossary)
    assert [each.flags for each in found.segments] == [(), ("glossary:Spilberg=Spielberg",), ()]


@pytest.mark.parametrize(("word", "segments"), [("machine", 3), ("a", 3)])
def test_a_short_word_in_a_hole_is_not_taken_for_one_far_away(one: Path, word: str, segments: int) -> None:
    short = decoded(said(word, Span(0.5, 2.0)))
    found, _ = transcribed(one, with_hole(short), [run(0, 12)])
    assert [each.text for each in found.segments].count(word) == 1
    assert len(found.segments) == segments


def test_a_pause_between_two_holes_is_listed_with_them(one: Path) -> None:
    found, _ = transcribed(one, with_hole(decoded([])), [run(0, 12)], pauses=[Span(5.5, 6.2)])
    bounds = [at for each in found.gaps for at in (each.span.start_s, each.span.end_s)]
    assert bounds == pytest.approx([4.25, 5.5, 5.5, 6.2, 6.2, 7.85], abs=0.01)


def test_a_word_that_was_stretched_over_a_hole_ends_with_its_segment(one: Path) -> None:
    stretched = [Word(" listen", Span(1.0, 6.0), 0.9), Word(" now", Span(6.0, 6.5), 0.9)]
    missed = decoded(said("nobody heard this", Span(0.2, 2.5)))
    found, _ = transcribed(
        one, lambda place: decoded(stretched) if place.span.duration_s > 6 else missed, [run(0, 7)]
    )
    assert [each.text for each in found.segments] == ["listen", "nobody heard this", "now"]
    check_words(found.segments)


# What is refused


def test_what_is_refused_is_listed_with_its_reason(one: Path) -> None:
    def hear(place: Place) -> Decoded:
        if place.span.start_s > 11:
            return decoded(said("Thanks.", Span(0.1, 1.0)), sure=-1.2, no_speech=0.7)
        return decoded(within(ENGLISH, place)) if place.span.start_s < 1 else decoded([])

    found, _ = transcribed(one, hear, [run(0, 4.2), run(6, 9), run(12, 15)])
    assert [each.text for each in found.segments] == [written(ENGLISH)]
    assert [(each.span, each.reason) for each in found.gaps] == [
        (Span(6, 9), "nothing was recognised"),
        (Span(12, 15), "not taken for speech (no-speech probability 0.70)"),
    ]


def test_nothing_understood_is_told_in_words(one: Path) -> None:
    with pytest.raises(MediaError, match="no words that could be understood"):
        transcribed(one, lambda place: decoded([]), [run(0, 4), run(5, 9)])
    with pytest.raises(MediaError):
        transcribed(one, lambda place: decoded([]), [])


# Microphones


def test_bleeding_microphones_do_not_double_text(microphones: Path) -> None:
    early, late = ENGLISH, MORE_ENGLISH
    found, _ = transcribed(
        microphones,
        lambda place: decoded(within([*early, *late], place)),
        [run(0, 5, channel=0), run(0, 5, channel=1), run(7, 12, channel=0), run(7, 12, channel=1)],
    )
    assert [(each.channel, each.text) for each in found.segments] == [(0, written(early)), (1, written(late))]
    assert {each.reason for each in found.gaps} == {"heard better by another microphone"}
    assert [each.span for each in found.gaps] == [Span(0, 5), Span(7, 12)]


def test_a_segment_loses_the_words_that_bled_in(microphones: Path) -> None:
    early, late = said("mine is this", Span(4.0, 5.8), 0.5), said("yours is that", Span(6.2, 8.0))
    runs = [run(3.8, 8.2, channel=0), run(3.8, 8.2, channel=1)]
    found, _ = transcribed(microphones, lambda place: decoded(within([*early, *late], place)), runs)
    assert [(each.channel, each.text) for each in found.segments] == [(0, written(early)), (1, written(late))]
    assert [each.span for each in found.segments] == [each.span for each in found.gaps]
    assert [each.flags for each in found.segments] == [("low_confidence",), ()]  # of the words that are left


# No speech is lost, whatever is heard


def check_all_speech_is_accounted_for(found: Transcript, runs: Sequence[Run]) -> None:
    """Segments and gaps cover all time of the runs and no other, none of it twice."""
    held = [each.span for each in found.segments] + [each.span for each in found.gaps]
    assert sum(each.duration_s for each in held) == pytest.approx(covered_s(each.span for each in runs))
    assert covered_s(without((each.span for each in runs), held)) == pytest.approx(0.0, abs=1e-6)


def check_words(segments: Sequence[Segment]) -> None:
    assert len({each.id for each in segments}) == len(segments)
    for each in segments:
        assert each.text == written(each.words).strip()
        bounds = [at for word in each.words for at in (word.span.start_s, word.span.end_s)]
        assert bounds == sorted(bounds)
        if bounds:
            assert each.span.start_s - SAMPLE_S <= bounds[0]
            assert bounds[-1] <= each.span.end_s + SAMPLE_S


VOCABULARY = {
    "en": ["machine", "dreams", "of", "the", "sea", "again"],
    "ja": ["海の", "夢を", "見る", "機械", "です"],
}


def heard_at_random(seed: int) -> Hearing:
    """Words of either script, loops, silence and nonsense; the same for the same place each time."""

    def hear(place: Place) -> Decoded:
        at = [round(each * 1000) for each in (place.span.start_s, place.span.end_s)]
        rng = np.random.default_rng([seed, *at, len(place.language)])
        reached_s, words = 0.0, []
        while (reached_s := reached_s + float(rng.choice([0.0, 0.1, 2.0, 5.0]))) < place.span.duration_s:
            end_s = min(place.span.duration_s, reached_s + float(rng.uniform(0.0, 5.0)))
            code = str(rng.choice(["en", "ja"])) if rng.random() < 0.4 else place.language
            text = str(rng.choice(VOCABULARY[code]))
            words.append(Word(" " + text, Span(reached_s, end_s), float(rng.uniform(0.1, 1.0))))
            reached_s = end_s + 0.05
        words = words if rng.random() < 0.8 else []
        return decoded(words, sure=float(rng.uniform(-1.6, 0.0)), no_speech=float(rng.random()))

    return hear


@st.composite
def many_runs(draw: st.DrawFn) -> list[Run]:
    bounds = sorted(set(draw(st.lists(st.integers(0, int(LENGTH_S * 10)), min_size=2, max_size=8))))
    found = []
    for start, end in itertools.pairwise(bounds):
        code = draw(st.sampled_from(["en", "ja", ""]))  # nobody speaks where it is empty
        found += [run(start / 10, end / 10, code, en=0.5, ja=0.5)] if code else []
    return found


PAUSES = st.lists(
    st.builds(lambda at, length_s: Span(at, at + length_s), st.floats(0, 22), st.floats(0.25, 1))
)


@settings(max_examples=60)
@given(many_runs(), PAUSES, st.integers(0, 10_000))
def test_all_time_of_the_runs_is_transcribed_or_listed(
    one: Path, runs: list[Run], pauses: list[Span], seed: int
) -> None:
    try:
        found, _ = transcribed(one, heard_at_random(seed), runs, pauses=pauses)
    except MediaError:
        return
    check_all_speech_is_accounted_for(found, runs)
    check_words(found.segments)
    assert [each.span for each in found.segments] == sorted(each.span for each in found.segments)


@given(many_runs(), st.integers(0, 10_000))
@settings(max_examples=15)
def test_how_much_is_held_at_a_time_changes_nothing(one: Path, runs: list[Run], seed: int) -> None:
    spread = [replace(each, span=Span(each.span.start_s / 2, each.span.end_s / 2 - 0.01)) for each in runs]
    try:
        at_once, _ = transcribed(one, heard_at_random(seed), spread)
    except MediaError:
        return
    by_run = TranscriptOptions(group_s=0.0)
    assert transcribed(one, heard_at_random(seed), spread, by_run)[0] == at_once
