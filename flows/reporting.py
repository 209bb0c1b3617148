"""`symposia report`, and the same as a Prefect artifact of a run."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime

from nlp.weights import at_hand
from transcripts.archive import Archive
from transcripts.errors import ModelError
from transcripts.place import Place
from transcripts.report import ArchiveReport, report_on
from transcripts.report_page import report_html, report_markdown

ARTIFACT = "quality-report"


def report_archive(place: Place) -> str:
    """The quality report of an archive as one HTML page. Raises ArchiveError when there is no archive."""
    with Archive.open(place) as archive:
        made_at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
        return report_html(_with_licences(report_on(archive)), made_at)


def keep_artifact(archive: Archive, recording_ids: Collection[str]) -> None:
    """Give figures of these recordings to Prefect, with the flow run that calls this; no transcript text."""
    from prefect.artifacts import create_markdown_artifact

    text = report_markdown(_with_licences(report_on(archive, recording_ids)))
    create_markdown_artifact(text, key=ARTIFACT, description="Figures, doubts and failures of this run")


def _with_licences(report: ArchiveReport) -> ArchiveReport:
    """The report with the licences of those models whose signatures hold none and which are at hand."""
    return replace(
        report,
        models=tuple(replace(each, licence=each.licence or _licence(each.model)) for each in report.models),
    )


def _licence(model: str) -> str:
    try:
        known = at_hand(model)
    except ModelError:  # of a package or folder that is gone since
        return ""
    return known.licence if known else ""
