"""The flows that prefect.yaml deploys: what the command line does, for Prefect's schedules and workers.

Thin: parameters are described and checked here, for Prefect's interface; the work is that of the commands.
Paths are those of the worker's machine. A failed run says what failed and how to go on.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowFilter, FlowRunFilter
from prefect.client.schemas.objects import State, StateType
from prefect.flow_runs import suspend_flow_run
from prefect.input import RunInput
from prefect.runtime import flow_run
from prefect.states import Completed, Failed
from pydantic import Field
from rich.console import Console

from flows.claims import ClaimedError
from flows.conference import carry_out, failures_of
from flows.fleet import ELSEWHERE
from flows.notifying import TOLD, on_failure
from flows.publishing import publish_archive
from flows.recording import attempt, lend_a_hand, run_of
from flows.request import Request, request_of
from flows.theming import train_themes
from flows.verifying import Verify, find_faults
from flows.work import signatures_of
from transcripts.archive import Archive
from transcripts.errors import SymposiaError
from transcripts.holdings import Selection
from transcripts.place import place_of

# Prefect's interface shows what the docstrings say of each parameter, and refuses what does not fit these.
# A worker runs them in a folder of Prefect's that is gone afterwards: paths start at the root.
_WHOLE = r"^(/|[A-Za-z]:[\\/]|[a-z0-9+]+://)"
ConferenceFile = Annotated[str, Field(pattern=rf"{_WHOLE}.*\.ya?ml$")]
Lasting = Annotated[str, Field(pattern=_WHOLE)]
Far = Literal["approved", "reviewed", "draft"]
Named = Annotated[str, Field(min_length=1)]
RecordingId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")]

HOOKS: list[Any] = [on_failure]
WAIT_AT_MOST_S = 366 * 24 * 3600  # for a review; then the run fails, and can be started again


@flow(name="conference", flow_run_name="{conference}", on_failure=HOOKS, on_crashed=HOOKS)
def conference(
    conference: ConferenceFile,
    archive: Lasting,
    profile: Named = "embedded",
    only: list[RecordingId] | None = None,
    workers: str = "",
) -> State[Any]:
    """Bring the recordings of a conference up to date: `symposia run`.

    Args:
        conference: Path of the conference file, on the worker's machine.
        archive: The archive: a directory, or postgresql://[USER@]HOST/DATABASE.
        profile: embedded, standard, quality, or the path of a profile of your own.
        only: Ids of the recordings to look at; left out: all.
        workers: Deployment whose workers share the recordings; left out: this run does them.
    """
    names = None if only is None else frozenset(only)
    return _carried_out(Request(Path(conference), place_of(archive), profile, only=names, on=workers))


@flow(name="recording", flow_run_name="{recording_id}", on_failure=HOOKS, on_crashed=HOOKS)
def recording(  # noqa: PLR0913, one parameter a field of Prefect's form
    recording_id: RecordingId,
    conference: ConferenceFile,
    archive: Lasting,
    profile: Named = "embedded",
    arriving_in: str | None = None,
    again: list[str] = [],  # noqa: B006, Prefect shows it
    expected: dict[str, str] | None = None,
    hand: bool = False,
) -> State[Any]:
    """Bring one recording up to date.

    Args:
        recording_id: Id of the recording, that of its panel.
        conference: Path of the conference file, on the worker's machine.
        archive: The archive: a directory, or postgresql://[USER@]HOST/DATABASE.
        profile: embedded, standard, quality, or the path of a profile of your own.
        arriving_in: Folder that recordings arrive in, as of `symposia watch`.
        again: Stages to make anew though nothing has changed.
        expected: For `symposia run --on`: what makes each stage there; refused if not so here.
        hand: Only help the worker that is at work on it, if it is long.
    """
    request = request_of(conference, archive, profile, arriving_in, again)
    with run_of(request) as run:
        source = run.conference.source(recording_id)
        if expected is not None:
            _check_same(expected, signatures_of(source, run.conference, run.models))
        if hand:
            lend_a_hand(request, recording_id)
            return Completed(name=ELSEWHERE, message="helped with its parts")
        try:
            reason = attempt(request, recording_id)
        except ClaimedError as error:
            return Completed(name=ELSEWHERE, message=str(error))
    return Failed(message=reason) if reason else Completed(message="up to date")


def _check_same(expected: dict[str, str], here: dict[str, str]) -> None:
    other = sorted(stage for stage in expected.keys() | here.keys() if expected.get(stage) != here.get(stage))
    if other:
        raise SymposiaError(
            f"this worker would make {', '.join(other)} with other models or settings than the machine that "
            "sent the recording: bring both to the same profile, packages and weights, and run again."
        )


@flow(name="verify", flow_run_name="{archive}", on_failure=HOOKS, on_crashed=HOOKS)
def verify(
    archive: Lasting,
    mend: bool = False,
    look_in: str | None = None,
) -> State[Any]:
    """Read originals, layers and database again, and say what has changed: `symposia verify`.

    Args:
        archive: The archive: a directory, or postgresql://[USER@]HOST/DATABASE.
        mend: Make anew what is derived, and note where originals are now.
        look_in: Folder in which to look for originals that were moved.
    """
    found, summary = find_faults(place_of(archive), Verify(mend, Path(look_in) if look_in else None))
    lines = [f"- {each.what}\n  - {each.mend}" for each in found]
    create_markdown_artifact("\n".join([summary, "", *lines]), key="verify", description="Faults")
    return (
        Failed(message=f"{summary} The artifact 'verify' lists them.")
        if found
        else Completed(message=summary)
    )


@flow(name="re-tag", flow_run_name="{archive}", on_failure=HOOKS, on_crashed=HOOKS)
def retag(
    conference: ConferenceFile,
    archive: Lasting,
    profile: Named = "embedded",
    learn: bool = True,
) -> State[Any]:
    """Tag what is archived once more, by what people have decided and by the themes file as it is now.

    Args:
        conference: Path of the conference file, on the worker's machine.
        archive: The archive: a directory, or postgresql://[USER@]HOST/DATABASE.
        profile: embedded, standard, quality, or the path of a profile of your own.
        learn: First learn from what people decided, as `symposia themes train` does.
    """
    place = place_of(archive)
    if learn:
        train_themes(Path(conference), place, [], profile, Console())
    return _carried_out(Request(Path(conference), place, profile, only=_archived(archive)))


@flow(name="re-translate", flow_run_name="{archive}", on_failure=HOOKS, on_crashed=HOOKS)
def retranslate(
    conference: ConferenceFile,
    archive: Lasting,
    profile: Named = "embedded",
    only: list[RecordingId] | None = None,
) -> State[Any]:
    """Translate what is archived once more, with what people have approved and corrected since.

    What they wrote stays as it is.

    Args:
        conference: Path of the conference file, on the worker's machine.
        archive: The archive: a directory, or postgresql://[USER@]HOST/DATABASE.
        profile: embedded, standard, quality, or the path of a profile of your own.
        only: Ids of the recordings to look at; left out: all that are archived.
    """
    names = frozenset(only) if only else _archived(archive)
    again = frozenset({"translation"})
    return _carried_out(Request(Path(conference), place_of(archive), profile, only=names, again=again))


class Decision(RunInput):
    """What an organiser says to a run that waits for review."""

    publish_now: bool = False


@flow(name="publish", flow_run_name="{archive}", on_failure=HOOKS, on_crashed=HOOKS)
def publish(
    archive: Lasting,
    out: Lasting,
    include: Far = "approved",
    site: Annotated[str, Field(pattern=r"\.ya?ml$")] | None = None,
    media: bool = True,
    wait_for_review: bool = False,
) -> State[Any]:
    """Publish an archive as a site that needs no server: `symposia publish`.

    A run that waits is suspended: no process is kept. It goes on when the deployment `resume` finds the
    review complete, or when somebody resumes it in Prefect's interface and says so.

    Args:
        archive: The archive: a directory, or postgresql://[USER@]HOST/DATABASE.
        out: Folder of the site, on the worker's machine.
        include: Publish what is at least so far in review.
        site: Path of a site file: how the site looks and what it says.
        media: Whether sound is copied.
        wait_for_review: Wait, for days if need be, until every passage is so far.
    """
    behind = behind_review(archive, include) if wait_for_review else 0
    if behind or (wait_for_review and flow_run.run_count > 1):  # resumed: somebody has decided
        decision = suspend_flow_run(
            wait_for_input=Decision.with_initial_data(
                description=f"{behind} passages are not {include} yet. Publish without them?"
            ),
            timeout=WAIT_AT_MOST_S,
        )
        if not decision.publish_now:
            return Failed(
                message=f"{behind} passages are not {include} yet: somebody decided not to publish."
            )
    publish_archive(place_of(archive), Path(out), include, Path(site) if site else None, media)
    return Completed(message=f"published into {out}")


@flow(name="resume", on_failure=HOOKS, on_crashed=HOOKS)
def resume() -> State[Any]:
    """Let those runs of `publish` go on that wait for a review which is complete now."""
    waiting = FlowRunFilter.model_validate({"state": {"type": {"any_": [StateType.PAUSED]}}})
    mine = FlowFilter.model_validate({"name": {"any_": [publish.name]}})
    resumed, troubles = 0, list[str]()
    with get_client(sync_client=True) as client:
        for run in client.read_flow_runs(flow_filter=mine, flow_run_filter=waiting):
            archive, include = run.parameters["archive"], run.parameters.get("include", "approved")
            try:
                if behind_review(archive, include):
                    continue
                client.resume_flow_run(run.id, run_input={"publish_now": True})
            except Exception as error:  # one whose archive is away keeps none of the others
                troubles.append(f"{run.name}: {error}")
            else:
                resumed += 1
    if troubles:
        return Failed(message=f"{resumed} runs go on; these could not be asked: {'; '.join(troubles)}")
    return Completed(message=f"{resumed} runs go on")


def behind_review(archive: str, include: str) -> int:
    """How many passages are not as far in review as is wanted."""
    states = {"approved": {"draft", "reviewed"}, "reviewed": {"draft"}, "draft": set[str]()}[include]
    if not states:
        return 0
    with Archive.open(place_of(archive)) as opened:
        return opened.count(Selection(states=frozenset(states)))


def _carried_out(request: Request) -> State[Any]:
    """The state of a run that has done what a request asks for, as far as it could."""
    carry_out(request)
    with Archive.open(request.archive) as archive:
        failed = failures_of(archive, request)
    if not failed:
        return Completed(message="up to date")
    return Failed(
        name=TOLD, message=f"{len(failed)} recordings failed: {', '.join(failed)}. Go on: {request.command}"
    )


def _archived(archive: str) -> frozenset[str]:
    with Archive.open(place_of(archive)) as opened:
        return frozenset(each.id for each in opened.recordings())


__all__ = ["behind_review", "conference", "publish", "recording", "resume", "retag", "retranslate", "verify"]
