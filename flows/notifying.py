"""When something fails while nobody watches: an event in Prefect, and a message by a block of Prefect's.

The block is named in SYMPOSIA_NOTIFY as `TYPE/NAME` (`slack-webhook/archive`, `custom-webhook/archive`); its
address and secrets are kept by Prefect's server, and nowhere here. Messages hold ids, paths and reasons.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

BLOCK = "SYMPOSIA_NOTIFY"
TOLD = "Told"  # name of the state of a failed run whose message has gone out already


def tell(subject: str, body: str) -> None:
    """Send a message, where a block is named. Trouble is told, and stops nothing."""
    name = os.environ.get(BLOCK)
    if not name:
        return
    from prefect.blocks.core import Block

    try:
        block: Any = Block.load(name)
        block.notify(body, subject)
    except Exception as error:  # whatever a service far away may raise
        sys.stderr.write(f"the message '{subject}' was not sent by {name}: {type(error).__name__}.\n")


def tell_failures(conference_id: str, failures: Mapping[str, str], command: str) -> None:
    """Tell, at the end of a run, which recordings failed, why, and how to go on."""
    lines = [f"{recording_id}: {reason}" for recording_id, reason in failures.items()]
    for recording_id, reason in failures.items():
        _emit("recording", recording_id, reason)
    tell(f"symposia: {len(failures)} recordings of {conference_id} failed", "\n".join([*lines, "", command]))


def on_failure(flow: Any, flow_run: Any, state: Any) -> None:
    """A hook for flows: tell that a run failed or crashed, unless that was told already."""
    if state.name == TOLD or flow_run.parameters.get("expected") is not None:  # who sent it tells it
        return
    reason = state.message or str(state.name)
    _emit("flow", flow.name, reason)
    tell(f"symposia: {flow.name} failed", f"{flow_run.name}: {reason}")


def _emit(kind: str, name: str, reason: str) -> None:
    """An event `symposia.KIND.failed`, which automations of Prefect's can act on; kept by a server alone."""
    if not os.environ.get("PREFECT_API_URL"):
        return
    from prefect.events import emit_event

    emit_event(
        f"symposia.{kind}.failed",
        resource={"prefect.resource.id": f"symposia.{kind}.{name}", "prefect.resource.name": name},
        payload={"reason": reason},
    )


__all__ = ["TOLD", "on_failure", "tell", "tell_failures"]
