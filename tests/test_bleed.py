"""Several microphones: what one has of another's voice is not written twice; nobody's own words are lost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from fakes_hearing import said
from sounds import Sound, babble, write_sound

from nlp.bleed import ELSEWHERE, BleedOptions, without_bleed
from transcripts.records import Gap, Segment, Span, Word, segment_id

HZ = 16_000
OPTIONS = BleedOptions()
ANN = said("the machine listens to everything that we say", Span(0.2, 5.9))
BEN = said("and then it answers us very slowly indeed", Span(6.2, 11.8))
CID = said("nobody asked what it costs in the end", Span(0.2, 5.9))


def microphones(path: Path, bleed_db: float, *voices: Sound) -> Path:
    """A microphone for each voice; the others' voices come 3 ms later, and weaker."""
    late = [np.pad(voice, (HZ * 3 // 1000, 0))[: len(voice)] for voice in voices]
    bleed = np.float32(10 ** (bleed_db / 20))
    channels = [
        voice + bleed * sum(other for number, other in enumerate(late) if number != own)
        for own, voice in enumerate(voices)
    ]
    return write_sound(path, np.stack(channels).astype(np.float32))


def turns(*spans: Span) -> list[Sound]:
    """A voice for each span, in which it speaks alone."""
    voices = []
    for number, span in enumerate(spans):
        voice = babble(12.0, number)
        voice[: int(span.start_s * HZ)] = voice[int(span.end_s * HZ) :] = 0.0
        voices.append(voice)
    return voices


def segment(channel: int, words: Sequence[Word], span: Span, code: str = "en") -> Segment:
    text = "".join(word.text for word in words).strip()
    return Segment(
        segment_id("r", span, code, channel), "r", span, code, 0.9, text, tuple(words), 0.5, channel=channel
    )


def left(path: Path, *segments: Segment) -> tuple[list[tuple[int | None, str]], list[Gap]]:
    found, gaps = without_bleed(path, segments, OPTIONS)
    return [(each.channel, each.text) for each in found], gaps


def text(words: Sequence[Word]) -> str:
    return "".join(word.text for word in words).strip()


@pytest.mark.parametrize("bleed_db", [-3.5, -4.5, -6.0, -9.0, -12.0])
def test_adjacent_turns_are_each_written_by_the_speakers_own_microphone(
    tmp_path: Path, bleed_db: float
) -> None:
    path = microphones(tmp_path / "two.wav", bleed_db, *turns(Span(0, 6), Span(6.1, 12)))
    whole = Span(0.0, 12.0)
    found, gaps = without_bleed(path, [segment(number, [*ANN, *BEN], whole) for number in (0, 1)], OPTIONS)
    assert [(each.channel, each.text) for each in found] == [(0, text(ANN)), (1, text(BEN))]
    assert [(each.span.start_s, each.span.end_s) for each in found] == [(0.0, 6.2), (6.2, 12.0)]
    assert gaps == [Gap(Span(6.2, 12.0), ELSEWHERE), Gap(Span(0.0, 6.2), ELSEWHERE)]
    assert [each.id for each in found] == [segment_id("r", each.span, "en", each.channel) for each in found]
    assert [each.confidence for each in found] == pytest.approx([0.9, 0.9])  # of the words that are left


@pytest.mark.parametrize("bleed_db", [-3.5, -4.5, -6.0, -9.0])
def test_a_turn_that_is_understood_a_little_differently_is_written_once(
    tmp_path: Path, bleed_db: float
) -> None:
    path = microphones(tmp_path / "two.wav", bleed_db, *turns(Span(0, 6), Span(6.1, 12)))
    misheard = said("the machine glistens to every thing we say", Span(0.4, 5.8))
    found, gaps = left(path, segment(0, ANN, Span(0, 6.2)), segment(1, misheard, Span(0.1, 6.1)))
    assert found == [(0, text(ANN))]
    assert gaps == [Gap(Span(0.1, 6.1), ELSEWHERE)]


@pytest.mark.parametrize("bleed_db", [-6.0, -12.0])
@pytest.mark.parametrize("softer", [1.0, 0.6])
def test_two_who_speak_at_once_both_keep_their_words(tmp_path: Path, bleed_db: float, softer: float) -> None:
    ann, cid = turns(Span(0, 6), Span(0, 6))
    path = microphones(tmp_path / "two.wav", bleed_db, ann, np.float32(softer) * cid)
    assert left(path, segment(0, ANN, Span(0, 6)), segment(1, CID, Span(0, 6))) == (
        [(0, text(ANN)), (1, text(CID))],
        [],
    )


def test_a_word_of_ones_own_is_not_taken_for_another(tmp_path: Path) -> None:
    path = microphones(tmp_path / "two.wav", -6.0, *turns(Span(0, 6), Span(6.1, 12)))
    yes = said("Yes.", Span(2.0, 2.4))
    assert left(path, segment(0, ANN, Span(0, 6)), segment(1, yes, Span(1.9, 2.5)))[1] == []
    we = said("we say", Span(4.7, 5.8))
    assert left(path, segment(0, ANN, Span(0, 6)), segment(1, we, Span(4.6, 5.9)))[0] == [(0, text(ANN))]


def test_whoever_has_no_microphone_is_written_once(tmp_path: Path) -> None:
    floor = babble(6.0, 5)
    path = write_sound(tmp_path / "three.wav", np.stack([0.5 * floor, 0.52 * floor, 0.45 * floor]))
    found, gaps = left(path, *(segment(number, ANN, Span(0, 6)) for number in range(3)))
    assert found == [(1, text(ANN))]
    assert len(gaps) == 2


def test_what_no_other_microphone_has_is_kept(tmp_path: Path) -> None:
    path = microphones(tmp_path / "two.wav", -12.0, *turns(Span(0, 6), Span(6.1, 12)))
    assert left(path, segment(1, ANN, Span(0, 6))) == ([(1, text(ANN))], [])


def test_words_that_bled_in_part_a_segment(tmp_path: Path) -> None:
    ann, ben, late = (Span(0, 5), Span(5.1, 8), Span(8.1, 12))
    voices = turns(ann, ben, late)
    path = microphones(tmp_path / "two.wav", -9.0, voices[0] + voices[2], voices[1])
    before, after = said("we listen to everything", ann), said("and we answer very slowly", late)
    between = said("thank you for coming", ben)
    found, gaps = left(
        path, segment(0, [*before, *between, *after], Span(0, 12)), segment(1, between, Span(5, 8))
    )
    assert found == [(0, text(before)), (0, text(after)), (1, text(between))]
    assert gaps == [Gap(Span(5.1, 8.1), ELSEWHERE)]


def test_a_recording_that_is_heard_as_one_stays_as_it_is(tmp_path: Path) -> None:
    one = Segment("s", "r", Span(0, 6), "en", 0.9, text(ANN), tuple(ANN))
    assert without_bleed(tmp_path / "nowhere.wav", [one], OPTIONS) == ([one], [])
