"""Praat's TextGrid, in its long text format (https://www.fon.hum.uva.nl/praat/manual/TextGrid_file_formats.html)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from transcripts.document import Document, Remark
from transcripts.formats.subtitles import one_line
from transcripts.formats.tiers import below, layers, milliseconds, voices


def write_textgrid(document: Document) -> str:
    """An interval tier a voice, and one for each layer below it; what nobody says is an empty interval."""
    spoken = voices(document)
    ends = [milliseconds(each)[1] for voice in spoken for each in voice.remarks]
    end_ms = max([round(document.recording.duration_s * 1000), *ends])
    tiers: list[tuple[str, Sequence[Remark], Callable[[Remark], str]]] = []
    for voice in spoken:
        tiers.append((voice.name, voice.remarks, lambda remark: remark.text))
        for layer in layers(voice.remarks):
            tiers.append((f"{voice.name}: {layer}", voice.remarks, _layer(layer)))
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0"]
    lines += [f"xmax = {end_ms / 1000:.3f}", "tiers? <exists>", f"size = {len(tiers)}", "item []:"]
    for number, (name, remarks, said) in enumerate(tiers, 1):
        intervals = list(_intervals(remarks, said, end_ms))
        lines += [
            f"    item [{number}]:",
            '        class = "IntervalTier"',
            f"        name = {_quoted(name)}",
            "        xmin = 0",
            f"        xmax = {end_ms / 1000:.3f}",
            f"        intervals: size = {len(intervals)}",
        ]
        for n, (start_ms, stop_ms, text) in enumerate(intervals, 1):
            lines += [
                f"        intervals [{n}]:",
                f"            xmin = {start_ms / 1000:.3f}",
                f"            xmax = {stop_ms / 1000:.3f}",
                f"            text = {_quoted(text)}",
            ]
    return "".join(f"{line}\n" for line in lines)


def _layer(name: str) -> Callable[[Remark], str]:
    return lambda remark: below(remark).get(name, "")


def _intervals(
    remarks: Sequence[Remark], said: Callable[[Remark], str], end_ms: int
) -> Iterator[tuple[int, int, str]]:
    """The whole time, in order: what is said and the silence between."""
    reached_ms = 0
    for remark in remarks:
        start_ms, stop_ms = milliseconds(remark)
        if start_ms > reached_ms:
            yield reached_ms, start_ms, ""
        yield start_ms, stop_ms, one_line(said(remark), remark.language)
        reached_ms = stop_ms
    if reached_ms < end_ms:
        yield reached_ms, end_ms, ""


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


__all__ = ["write_textgrid"]
