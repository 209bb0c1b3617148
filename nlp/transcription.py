"""Language runs as text, and what has none.

Every second of speech ends up in a segment or in a gap with its reason. Where speech
goes on and words do not, a decoder has passed it by: the hole is decoded by itself.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

from nlp.asr import Recogniser
from nlp.attempts import Attempt, AttemptOptions, attempt, best_attempts, with_proposals
from nlp.audio import Samples
from nlp.bleed import BleedOptions, without_bleed
from nlp.channels import MixOptions
from nlp.confidence import ConfidenceOptions, calibrated
from nlp.cutting import cut_places
from nlp.glossary import Glossary, GlossaryOptions, concerns
from nlp.guards import GuardOptions
from nlp.listening import Listening, Tick
from nlp.machine import overlapped
from nlp.repeats import DOUBLE_LETTERS, letters
from nlp.runs import Run
from nlp.units import density
from transcripts.errors import MediaError
from transcripts.records import Gap, Segment, Signature, Span, Word, segment_id, without

Channel = int | None


@dataclass(frozen=True, slots=True)
class TranscriptOptions:
    """How runs become segments."""

    attempts: AttemptOptions = field(default_factory=AttemptOptions)
    guards: GuardOptions = field(default_factory=GuardOptions)
    group_s: float = 300.0  # sound decoded together: enough to fill batches of one length
    confidence: ConfidenceOptions = field(default_factory=ConfidenceOptions)
    low_confidence_below: float = 0.5  # share of a segment's words that are likely right
    doubtful_below: float = 0.5  # belief in a segment's language below which a person should look
    little_declared: float = 0.05  # share of the model's belief in all declared languages, likewise
    strange_above: float = 0.5  # share of a run's time that is clearly in an undeclared language, likewise
    hole_s: float = 1.0  # speech without words for longer is decoded by itself
    word_most_s: float = 2.0  # a longer word has been stretched over speech that was passed by
    word_margin_s: float = 0.25  # around a word that speech may go on: alignments are that rough
    bleed: BleedOptions = field(default_factory=BleedOptions)


@dataclass(frozen=True, slots=True)
class Transcript:
    """Segments in order of time, and the speech that has no text, with reasons."""

    segments: tuple[Segment, ...]
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True)
class Transcriber:
    """What is needed to transcribe."""

    recogniser: Recogniser
    options: TranscriptOptions

    def transcribe(
        self, recording_id: str, path: Path, heard: Listening, tick: Tick, glossary: Glossary | None = None
    ) -> Transcript:
        """Decode the language runs of a recording, with the names of a glossary in mind.

        Raises MediaError when no run has any text (music, noise).
        """
        return self.joined(path, heard, [self.decode(recording_id, path, heard, tick, glossary)])

    def decode(
        self,
        recording_id: str,
        path: Path,
        heard: Listening,
        tick: Tick,
        glossary: Glossary | None = None,
        read_on: bool = False,
    ) -> Transcript:
        """Decode runs, all that were heard or those of a part; `read_on` as in `nlp.cutting`."""
        speech = {
            channel: [each.span for each in heard.regions if each.channel == channel]
            for channel in {each.channel for each in heard.regions}
        }
        segments: list[Segment] = []
        gaps: list[Gap] = []

        def part(group: list[tuple[Run, Samples]]) -> tuple[list[Segment], list[Gap], float]:
            return *self._part(recording_id, group, speech, glossary), group[-1][0].span.end_s

        for found, silent, reached_s in overlapped(part, self._groups(path, heard.runs, read_on)):
            segments += found
            gaps += silent
            tick(reached_s)
        return Transcript(tuple(segments), tuple(gaps))

    def joined(self, path: Path, heard: Listening, decoded: Sequence[Transcript]) -> Transcript:
        """What was decoded of all runs. Raises MediaError when there is no text."""
        segments = [segment for each in decoded for segment in each.segments]
        gaps = [gap for each in decoded for gap in each.gaps]
        segments, bleeding = without_bleed(path, segments, self.options.bleed)
        if not segments:
            raise MediaError(
                f"{path} has sound but no words that could be understood (music or noise?): "
                "if somebody does speak, check the languages declared for its panel."
            )
        segments = [self._with_own_flags(each) for each in segments]
        by_time = sorted(segments, key=lambda each: (each.span, each.id))
        return Transcript(tuple(by_time), tuple(sorted(gaps + bleeding, key=lambda each: each.span)))

    def _part(
        self,
        recording_id: str,
        group: Sequence[tuple[Run, Samples]],
        speech: Mapping[Channel, Sequence[Span]],
        glossary: Glossary | None,
    ) -> tuple[list[Segment], list[Gap]]:
        """Some runs as segments and gaps."""
        options = self.options
        attempts = best_attempts(self.recogniser, group, options.attempts, options.guards)
        refused = [each.refusal(options.guards) for each in attempts]
        gaps = [Gap(each.run.span, why) for each, why in zip(attempts, refused, strict=True) if why]
        said = [each for each, why in zip(attempts, refused, strict=True) if not why]
        holes = self._holes(said, speech)
        understood = [hole for heard, _ in holes for hole in heard]
        if glossary:
            proposed = with_proposals(self.recogniser, [*said, *understood], glossary)
            said, understood = proposed[: len(said)], proposed[len(said) :]
        following = iter(understood)
        segments = []
        for each, (heard, silent) in zip(said, holes, strict=True):
            found, rest = self._around(
                each, [*(hole.run.span for hole in heard), *(gap.span for gap in silent)]
            )
            found += [(hole, hole.run.span, hole.words()) for hole in itertools.islice(following, len(heard))]
            segments += [self._segment(recording_id, *parts) for parts in found]
            gaps += silent + rest
        return segments, gaps

    def _groups(self, path: Path, runs: Sequence[Run], read_on: bool) -> Iterator[list[tuple[Run, Samples]]]:
        """Runs with their sound, some minutes at a time."""
        group: list[tuple[Run, Samples]] = []
        held_s = 0.0
        for run, samples in zip(runs, cut_places(path, runs, read_on), strict=True):
            if held_s > self.options.group_s:
                yield group
                group, held_s = [], 0.0
            group.append((run, samples))
            held_s += run.span.duration_s
        if group:
            yield group

    def _holes(
        self, attempts: Sequence[Attempt], speech: Mapping[Channel, Sequence[Span]]
    ) -> list[tuple[list[Attempt], list[Gap]]]:
        """For each attempt, the speech in it that no word covers: decoded by itself, or not understood.

        Left out is what only repeats words of the attempt: those are there, at times that are off.
        """
        uncovered = [self._uncovered(each, speech[each.run.channel]) for each in attempts]
        parts = [each.part(hole) for each, holes in zip(attempts, uncovered, strict=True) for hole in holes]
        again = iter(attempt(self.recogniser, parts))
        found = []
        for each, holes in zip(attempts, uncovered, strict=True):
            tried = [(hole, self._unsaid(hole)) for hole in itertools.islice(again, len(holes))]
            found.append(
                (
                    [hole for hole, why in tried if not why and not self._is_there(hole, each)],
                    [Gap(hole.run.span, f"speech without words: {why}") for hole, why in tried if why],
                )
            )
        return found

    def _is_there(self, hole: Attempt, tried: Attempt) -> bool:
        """Whether the text of a hole is in that of its run near by: a short one as a word."""
        text, span, near_s = letters(hole.result.text), hole.run.span, self.options.word_most_s
        is_long = len(text) * density(hole.run.language) >= DOUBLE_LETTERS
        if is_long:  # all its words may be on one side of it
            near_s = max(near_s, span.duration_s)
        near = [letters(word.text) for word in tried.words() if word.span.gap_s(span) <= near_s]
        return text in ("".join(near) if is_long else near)

    def _uncovered(self, tried: Attempt, speech: Sequence[Span]) -> list[Span]:
        margin_s, most_s = self.options.word_margin_s, self.options.word_most_s
        covered = [
            Span(
                word.span.start_s - margin_s,
                min(word.span.end_s, word.span.start_s + most_s) + margin_s,
            )
            for word in tried.words()
        ]
        spoken = [
            Span(max(each.start_s, tried.run.span.start_s), min(each.end_s, tried.run.span.end_s))
            for each in _overlapping(speech, tried.run.span)
        ]
        left = without(spoken, covered) if covered else []
        return [hole for hole in left if hole.duration_s >= self.options.hole_s]

    def _unsaid(self, hole: Attempt) -> str:
        """Why the text of a hole is not taken; empty where it is."""
        return hole.refusal(self.options.guards) or ", ".join(hole.result.flags)

    def _around(
        self, tried: Attempt, holes: Sequence[Span]
    ) -> tuple[list[tuple[Attempt, Span, list[Word]]], list[Gap]]:
        """An attempt's words, parted by its holes; a part that has none is a gap too.

        Words begin outside of holes; one that was stretched over a hole ends where that begins.
        """
        words = tried.words()
        if not holes:
            return [(tried, tried.run.span, words)], []
        parts = without([tried.run.span], holes)
        held: list[list[Word]] = [[] for _ in parts]
        for word in words:
            start = Span(word.span.start_s, word.span.start_s)
            number = min(range(len(parts)), key=lambda each: parts[each].gap_s(start))
            end_s = max(start.end_s, min(word.span.end_s, parts[number].end_s))
            held[number].append(replace(word, span=Span(start.start_s, end_s)))
        said = [(tried, part, found) for part, found in zip(parts, held, strict=True) if found]
        rest = [
            Gap(part, "speech without words") for part, found in zip(parts, held, strict=True) if not found
        ]
        return said, rest

    def _segment(self, recording_id: str, tried: Attempt, span: Span, words: Sequence[Word]) -> Segment:
        run, result = tried.run, tried.result
        whole = span == run.span
        likeliest = run.beliefs[0][0] == run.language and run.probability >= self.options.doubtful_below
        strange = run.stranger_share > self.options.strange_above
        doubtful = not likeliest or strange or run.declared_share < self.options.little_declared
        words = calibrated(words, self.options.confidence)
        confidence = float(
            np.mean([word.probability for word in words]) if words else np.exp(result.mean_log_probability)
        )
        doubts = [*(["language_doubtful"] if doubtful else []), *result.flags]
        return Segment(
            id=segment_id(recording_id, span, run.language, run.channel),
            recording_id=recording_id,
            span=span,
            language=run.language,
            language_probability=run.probability,
            text=result.text if whole else "".join(word.text for word in words).strip(),
            words=tuple(words),
            confidence=confidence,
            flags=tuple(dict.fromkeys(doubts)),
            channel=run.channel,
        )

    def _with_own_flags(self, segment: Segment) -> Segment:
        """The segment without flags of words that went elsewhere, and with that of those that are left."""
        flags = [flag for flag in segment.flags if concerns(flag, segment.text)]
        low = ["low_confidence"] if segment.confidence < self.options.low_confidence_below else []
        return replace(segment, flags=tuple(dict.fromkeys([*flags, *low])))


def _overlapping(spans: Sequence[Span], with_span: Span) -> list[Span]:
    """Those of sorted, separate spans that share time with another."""
    first = max(0, bisect.bisect_left(spans, with_span.start_s, key=lambda each: each.start_s) - 1)
    last = bisect.bisect_left(spans, with_span.end_s, key=lambda each: each.start_s)
    return [each for each in spans[first:last] if each.overlap_s(with_span)]


def transcript_signature(speech: Signature, options: TranscriptOptions) -> Signature:
    """What made a transcript: the speech model, and every option of what is done with its results."""
    kept = {
        **speech.options,
        **asdict(options),
        "mix": asdict(MixOptions()),
        "names": asdict(GlossaryOptions()),
    }
    kept.pop("group_s")  # for speed only
    return replace(speech, component="nlp.transcription", options=kept)
