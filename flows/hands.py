"""Hands for long recordings: workers that have nothing else to do help with the parts of what is at work."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import StateType
from prefect.exceptions import ObjectNotFound

from flows.recording import Run
from flows.work import duration_s
from nlp.parts import part_count
from transcripts.errors import MediaError

MOST_HANDS = 15  # for one recording: what is at work together reads from the same disk


@dataclass
class Hands:
    """Asks for help, once a recording, by runs of the deployment that only help."""

    run: Run
    submit: Callable[[str], UUID]  # a run that helps with a recording
    _asked: dict[str, list[UUID]] = field(default_factory=dict)

    def ask_for(self, names: Iterable[str]) -> None:
        """Ask for help with those recordings that are worked on in parts."""
        for name in names:
            if name not in self._asked:
                self._asked[name] = []
                self._asked[name] = [self.submit(name) for _ in range(hands_for(self.run, name))]

    def dismiss(self, name: str) -> None:
        """Take back what nobody has begun."""
        with get_client(sync_client=True) as client:
            for run_id in self._asked.pop(name, []):
                try:
                    state = client.read_flow_run(run_id).state
                    if state is not None and state.type == StateType.SCHEDULED:
                        client.delete_flow_run(run_id)
                except ObjectNotFound:
                    continue


def hands_for(run: Run, name: str) -> int:
    """How many may help with a recording: one a part, but for who has it already."""
    source = run.conference.source(name)
    try:
        return min(MOST_HANDS, part_count(duration_s(source), run.models.part_options) - 1)
    except MediaError:  # who has the recording notes that
        return 0
