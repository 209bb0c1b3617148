"""An archive's report for people: one HTML file that needs nothing else, and figures as Markdown."""

from __future__ import annotations

from pathlib import Path

from transcripts.citations import time_code
from transcripts.report import ArchiveReport
from transcripts.web.templating import environment_of
from transcripts.web.wording import wording

_TEMPLATES = Path(__file__).parent / "templates"
_SPECIAL = str.maketrans({mark: f"\\{mark}" for mark in "\\`*_[]<>|#"})


def report_html(report: ArchiveReport, made_at: str) -> str:
    """The report as a page without scripts that asks for nothing else. `made_at` is shown as it is."""
    words = wording("en")
    environment = environment_of([_TEMPLATES], words)
    return environment.get_template("report.html").render(
        report=report,
        made_at=made_at,
        time_code=time_code,
    )


def report_markdown(report: ArchiveReport) -> str:
    """The figures of a report, without a word of any transcript: for servers and logs."""
    words = wording("en")
    lines = [
        f"{len(report.recordings)} recordings, {report.duration_s / 3600:.1f} h, {report.passages} passages, "
        f"{report.flagged_count} doubtful translations, {len(report.failures)} failures",
        "",
        "| recording | minutes | languages | passages | confidence | doubts | not transcribed |",
        "| --- | ---: | --- | ---: | ---: | ---: | ---: |",
    ]
    for each in report.recordings:
        total_s = sum(each.languages_s.values()) or 1.0
        spoken = ", ".join(f"{words.language(c)} {s / total_s:.0%}" for c, s in each.languages_s.items())
        confidence = "" if each.confidence is None else f"{each.confidence:.2f}"
        lines.append(
            f"| {_plain(each.recording.id)} | {each.recording.duration_s / 60:.1f} | {spoken} "
            f"| {each.passages} | {confidence} | {sum(each.doubts.values())} | {each.gaps_s:.0f} s |"
        )
    if report.doubts:
        lines += ["", "**Doubts**", "", *(f"- {count} {what}" for what, count in report.doubts.items())]
    if report.failures:
        lines += ["", "**Failures**", ""]
        lines += [
            f"- {_plain(each.recording_id)} ({_plain(each.stage)}): {_plain(each.reason)}"
            for each in report.failures
        ]
    lines += ["", "**Models**", ""]
    lines += [
        f"- {_plain(each.model)} {_plain(each.revision[:12])} ({_plain(each.licence) or 'licence not noted'})"
        for each in report.models
    ]
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    """Text on one line that Markdown takes as it stands."""
    return " ".join(text.split()).translate(_SPECIAL)


__all__ = ["report_html", "report_markdown"]
