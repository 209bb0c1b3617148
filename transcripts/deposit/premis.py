"""What was done to what, and by whom or by which program: PREMIS 3 (https://www.loc.gov/standards/premis/v3/)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from transcripts.deposit.contents import Contents, PackedFile, Reviewed
from transcripts.formats.subtitles import one_line
from transcripts.formats.xml_files import added, xml_bytes, xml_text
from transcripts.records import Recording, Signature, running_version

PREMIS = "http://www.loc.gov/premis/v3"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_TYPE = f"{{{_XSI}}}type"
_KIND = "symposia"  # of our identifiers

# What a stage does, in words that an archivist knows; a stage that is not here keeps its name.
_EVENTS = {
    "runs": "language identification",
    "transcript": "transcription",
    "captions": "transcription",
    "speakers": "speaker identification",
    "passages": "segmentation",
    "names": "name recognition",
    "translation": "translation",
    "embedding": "vector embedding",
    "translation_embedding": "vector embedding",
    "themes": "tagging",
}


@dataclass(frozen=True, slots=True)
class _Event:
    id: str
    kind: str
    when: str
    detail: str
    agent: str
    objects: tuple[str, ...]


def write_premis(made: Contents) -> bytes:
    """Objects with their fixity and format, events with their agents, and what is withheld."""
    root = etree.Element(f"{{{PREMIS}}}premis", nsmap={None: PREMIS, "xsi": _XSI})  # type: ignore[dict-item]
    root.set("version", "3.0")
    for recording in made.recordings:
        _recording(root, recording, made)
    for file in made.files:
        _file(root, file)
    events = list(_events(made))
    for event in events:
        _event(root, event)
    used = {event.agent for event in events}
    for agent, name, kind, version, note in _agents(made):
        if agent in used:
            _agent(root, agent, name, kind, version, note)
    for number, each in enumerate(made.withheld, 1):
        until = f" until {each.until}" if each.until else ""
        said = f"The {each.kind} '{each.target}' is withheld{until}: {each.reason}"
        _rights(root, f"rights-{number}", said)
    return xml_bytes(root)


def _add(parent: etree._Element, name: str, text: str = "") -> etree._Element:
    return added(parent, f"{{{PREMIS}}}{name}", one_line(text, ""))


def _identifier(parent: etree._Element, name: str, value: str) -> None:
    found = _add(parent, name)
    _add(found, f"{name}Type", _KIND)
    _add(found, f"{name}Value", value)


def _recording_id(recording_id: str) -> str:
    return f"recording/{recording_id}"


def _recording(root: etree._Element, recording: Recording, made: Contents) -> None:
    """A recording as something that was made, whatever files it lies in."""
    thing = _add(root, "object")
    thing.set(_TYPE, "intellectualEntity")
    _identifier(thing, "objectIdentifier", _recording_id(recording.id))
    told = _add(thing, "significantProperties")
    _add(told, "significantPropertiesType", "duration in seconds")
    _add(told, "significantPropertiesValue", f"{recording.duration_s:.3f}")
    for file in made.files:
        if file.recording_id == recording.id:
            _related(thing, "is represented by", file.path)


def _related(thing: etree._Element, how: str, to: str) -> None:
    relation = _add(thing, "relationship")
    _add(relation, "relationshipType", "structural")
    _add(relation, "relationshipSubType", how)
    _identifier(relation, "relatedObjectIdentifier", to)


def _file(root: etree._Element, file: PackedFile) -> None:
    thing = _add(root, "object")
    thing.set(_TYPE, "file")
    _identifier(thing, "objectIdentifier", file.path)
    about = _add(thing, "objectCharacteristics")
    fixity = _add(about, "fixity")
    _add(fixity, "messageDigestAlgorithm", "SHA-512")
    _add(fixity, "messageDigest", file.sha512)
    _add(about, "size", str(file.size))
    name, kind = file.format
    form = _add(about, "format")
    _add(_add(form, "formatDesignation"), "formatName", name)
    if kind != name:
        _add(form, "formatNote", kind)
    _add(thing, "originalName", file.path.rpartition("/")[2])
    if file.recording_id:
        _related(thing, "represents", _recording_id(file.recording_id))


def _events(made: Contents) -> Iterator[_Event]:
    """What machines did, what people did, and the packing."""
    held = {panel.id: panel.held_on for each in made.conferences for panel in each.panels}
    for recording in made.recordings:
        # When machines worked is not kept: some day between the panel and today (EDTF, ISO 8601-2).
        when = f"[{held.get(recording.panel_id, '')}..{made.day}]"
        for record in made.stages.get(recording.id, {}).values():
            if record.signature is None:
                continue
            yield _Event(
                f"event/{recording.id}/{record.stage}",
                _EVENTS.get(record.stage, record.stage),
                when,
                f"Made by {record.signature.component}, signature {record.signature.digest}; "
                f"settings in data/record/signatures.jsonl",
                f"program/{record.signature.digest}",
                (_recording_id(recording.id),),
            )
    known = {recording.id for recording in made.recordings}
    for number, each in enumerate(made.reviews, 1):
        objects = (_recording_id(each.recording_id),) if each.recording_id in known else ()
        yield _review(number, each, objects)
    files = tuple(file.path for file in made.files)
    yield _Event("event/packing", "information package creation", made.day, "", "program/symposia", files)


def _review(number: int, each: Reviewed, objects: tuple[str, ...]) -> _Event:
    when = each.first_at if each.first_at == each.last_at else f"{each.first_at}/{each.last_at}"
    detail = f"{each.changes} changes; each is a line of data/record/reviews.jsonl"
    return _Event(f"event/review-{number}", "review", when, detail, f"person/{each.reviewer}", objects)


def _event(root: etree._Element, event: _Event) -> None:
    found = _add(root, "event")
    _identifier(found, "eventIdentifier", event.id)
    _add(found, "eventType", event.kind)
    _add(found, "eventDateTime", event.when)
    if event.detail:
        _add(_add(found, "eventDetailInformation"), "eventDetail", event.detail)
    _identifier(found, "linkingAgentIdentifier", event.agent)
    for each in event.objects:
        _identifier(found, "linkingObjectIdentifier", each)


def _agents(made: Contents) -> Iterator[tuple[str, str, str, str, str]]:
    """Id, name, kind, version and a note of everybody and everything that may have done something."""
    version = running_version()
    yield "program/symposia", "symposia", "software", version, ""
    used = {
        record.signature.digest: record.signature
        for of in made.stages.values()
        for record in of.values()
        if record.signature is not None
    }
    for digest, signature in sorted(used.items()):
        yield f"program/{digest}", _program(signature), "software", _version(signature), _licence(signature)
    for reviewer in sorted({each.reviewer for each in made.reviews}):
        yield f"person/{reviewer}", reviewer, "person", "", ""


def _program(signature: Signature) -> str:
    return " ".join(filter(None, ("symposia", signature.component, signature.model)))


def _version(signature: Signature) -> str:
    return " ".join(filter(None, (signature.code_version, signature.revision)))


def _licence(signature: Signature) -> str:
    return f"Licence of the model: {signature.licence}" if signature.licence else ""


def _agent(root: etree._Element, agent: str, name: str, kind: str, version: str, note: str) -> None:
    found = _add(root, "agent")
    _identifier(found, "agentIdentifier", agent)
    _add(found, "agentName", xml_text(one_line(name, "")) or agent)
    _add(found, "agentType", kind)
    if version:
        _add(found, "agentVersion", version)
    if note:
        _add(found, "agentNote", note)


def _rights(root: etree._Element, name: str, said: str) -> None:
    statement = _add(_add(root, "rights"), "rightsStatement")
    _identifier(statement, "rightsStatementIdentifier", name)
    _add(statement, "rightsBasis", "other")
    other = _add(statement, "otherRightsInformation")
    _add(other, "otherRightsBasis", "withheld")
    _add(other, "otherRightsNote", said)


__all__ = ["PREMIS", "write_premis"]
