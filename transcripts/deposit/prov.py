"""What was made from what: PROV-JSON (https://www.w3.org/submissions/prov-json/).

Each translation was derived from its passage, each passage from its recording; who or what did it is told.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from transcripts.deposit.contents import Contents
from transcripts.formats.subtitles import one_line
from transcripts.records import Signature

_PREFIX = "urn:symposia:"
_THINGS = ("entity", "activity", "agent")
_RELATIONS = ("wasGeneratedBy", "wasDerivedFrom", "wasAssociatedWith", "wasAttributedTo")

Statements = dict[str, dict[str, dict[str, Any]]]


def write_prov(made: Contents) -> bytes:
    """The document. Ids are written as in URLs: any id can be a name then."""
    told: Statements = {name: {} for name in (*_THINGS, *_RELATIONS)}
    for recording in made.recordings:
        told["entity"][_name("recording", recording.id)] = {
            "prov:label": recording.id,
            "sym:sha256": recording.sha256,
            "sym:durationSeconds": recording.duration_s,
        }
        _activities(told, made, recording.id)
    for signature in made.signatures.values():
        told["agent"][_name("program", signature.digest)] = _agent(signature)
    for each in made.reviews:
        person = _name("person", each.reviewer)
        told["agent"][person] = {"prov:type": _type("prov:Person"), "prov:label": one_line(each.reviewer, "")}
        review = _name("activity", each.recording_id, "review", each.reviewer)
        told["activity"][review] = {"prov:startTime": each.first_at, "prov:endTime": each.last_at}
        _relate(told, "wasAssociatedWith", activity=review, agent=person)
    _passages(told, made)
    document = {"prefix": {"sym": _PREFIX}, **{name: rows for name, rows in told.items() if rows}}
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def _name(*parts: str) -> str:
    return "sym:" + "/".join(quote(part, safe="", errors="surrogatepass") for part in parts)


def _type(name: str) -> dict[str, str]:
    return {"$": name, "type": "prov:QUALIFIED_NAME"}


def _agent(signature: Signature) -> dict[str, Any]:
    about = {
        "prov:type": _type("prov:SoftwareAgent"),
        "prov:label": " ".join(filter(None, (signature.component, signature.model))),
        "sym:revision": signature.revision,
        "sym:licence": signature.licence,
        "sym:codeVersion": signature.code_version,
    }
    return {name: value for name, value in about.items() if value}


def _relate(told: Statements, relation: str, **ends: str) -> None:
    rows = told[relation]
    rows[f"_:{relation}{len(rows) + 1}"] = {f"prov:{name}": value for name, value in ends.items()}


def _activities(told: Statements, made: Contents, recording_id: str) -> None:
    for record in made.stages.get(recording_id, {}).values():
        if record.signature is not None:
            activity = _name("activity", recording_id, record.stage)
            told["activity"][activity] = {"prov:label": record.stage}
            program = _name("program", record.signature.digest)
            told["agent"].setdefault(program, _agent(record.signature))
            _relate(told, "wasAssociatedWith", activity=activity, agent=program)


def _passages(told: Statements, made: Contents) -> None:
    targets = {panel.id: each.target_language for each in made.conferences for panel in each.panels}
    panel_of = {recording.id: recording.panel_id for recording in made.recordings}
    for each in made.passages:
        passage = _name("passage", each.id)
        told["entity"][passage] = {"prov:label": each.id}
        derived = {"generatedEntity": passage, "usedEntity": _name("recording", each.recording_id)}
        made_by = _name("activity", each.recording_id, "passages")
        if made_by in told["activity"]:
            derived["activity"] = made_by
            _relate(told, "wasGeneratedBy", entity=passage, activity=made_by)
        _relate(told, "wasDerivedFrom", **derived)
        for person in each.people:
            _relate(told, "wasAttributedTo", entity=passage, agent=_name("person", person))
        if each.translated_by is None:
            continue
        language = targets.get(panel_of.get(each.recording_id, ""), "")
        translation = _name("translation", each.id, language)
        told["entity"][translation] = {"prov:label": f"{each.id} ({language})", "sym:language": language}
        _relate(told, "wasDerivedFrom", generatedEntity=translation, usedEntity=passage)
        by_people = [_name("person", person) for person in each.people]
        by = [_name("program", each.translated_by)] if each.translated_by else by_people
        for agent in by:
            _relate(told, "wasAttributedTo", entity=translation, agent=agent)


__all__ = ["write_prov"]
