"""OAI-PMH 2.0 (https://www.openarchives.org/OAI/openarchivesprotocol.html): a request to an answer in XML."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import MappingProxyType
from urllib.parse import quote

from lxml import etree

from transcripts.descriptions import DATACITE, OAI_DC, Description, datacite, dublin_core
from transcripts.formats.xml_files import added, xml_bytes
from transcripts.harvest import Offer, Offers
from transcripts.records import digest_of

OAI = "http://www.openarchives.org/OAI/2.0/"
RECORDS_A_PAGE = 100
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_SCHEMA = "https://www.openarchives.org/OAI/2.0/OAI-PMH.xsd"
_SET = re.compile(r"[A-Za-z0-9_.!~*'()-]+")
_DAY, _SECOND = re.compile(r"\d{4}-\d\d-\d\d"), re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")

# What is offered of each panel: how it is written, its schema and its namespace.
_FORMATS: Mapping[str, tuple[Callable[[Description], etree._Element], str, str]] = MappingProxyType(
    {
        "oai_dc": (dublin_core, "https://www.openarchives.org/OAI/2.0/oai_dc.xsd", OAI_DC),
        "datacite": (datacite, "https://schema.datacite.org/meta/kernel-4/metadata.xsd", DATACITE),
    }
)
# What each verb must be given, and what it may be given.
_ARGUMENTS: Mapping[str, tuple[frozenset[str], frozenset[str]]] = MappingProxyType(
    {
        "Identify": (frozenset(), frozenset()),
        "ListMetadataFormats": (frozenset(), frozenset({"identifier"})),
        "ListSets": (frozenset(), frozenset({"resumptionToken"})),
        "GetRecord": (frozenset({"identifier", "metadataPrefix"}), frozenset()),
        "ListIdentifiers": (frozenset({"metadataPrefix"}), frozenset({"from", "until", "set"})),
        "ListRecords": (frozenset({"metadataPrefix"}), frozenset({"from", "until", "set"})),
    }
)


class _RefusedError(Exception):
    """A request that is answered with an error of the protocol."""

    def __init__(self, code: str, said: str) -> None:
        super().__init__(said)
        self.code = code


@dataclass(frozen=True, slots=True)
class Repository:
    """Who offers: the address of `/oai` and of the reading room, and whom to write to."""

    address: str
    room: str
    email: str
    offers: Offers


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Which records of a list: those after `after` (time and id of the last); `given` were given so far."""

    prefix: str
    since: str = ""
    until: str = ""
    set: str = ""
    after: tuple[str, str] = ("", "")
    given: int = 0


def answer(repository: Repository, arguments: Sequence[tuple[str, str]]) -> bytes:
    """The answer to a request, given as names and values in their order."""
    root = etree.Element(f"{{{OAI}}}OAI-PMH", nsmap={None: OAI, "xsi": _XSI})  # type: ignore[dict-item]
    root.set(f"{{{_XSI}}}schemaLocation", f"{OAI} {_SCHEMA}")
    _add(root, "responseDate", datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    request = _add(root, "request", repository.address)
    try:
        verb, given = _checked(arguments)
    except _RefusedError as error:
        _add(root, "error", str(error), code=error.code)
        return xml_bytes(root)
    for name, value in given.items():
        request.set(name, value)
    request.set("verb", verb)
    body = _add(root, verb)
    try:
        _VERBS[verb](body, repository, given)
    except _RefusedError as error:
        root.remove(body)
        if error.code == "badArgument":
            request.attrib.clear()
        _add(root, "error", str(error), code=error.code)
    return xml_bytes(root)


def _add(parent: etree._Element, name: str, text: str = "", **attributes: str) -> etree._Element:
    return added(parent, f"{{{OAI}}}{name}", text, **attributes)


def _checked(arguments: Sequence[tuple[str, str]]) -> tuple[str, dict[str, str]]:
    """The verb, and its arguments by name."""
    verbs = [value for name, value in arguments if name == "verb"]
    if len(verbs) != 1 or verbs[0] not in _ARGUMENTS:
        raise _RefusedError("badVerb", f"One verb is needed: {', '.join(_ARGUMENTS)}.")
    given = {name: value for name, value in arguments if name != "verb"}
    needed, allowed = _ARGUMENTS[verbs[0]]
    if len(given) + 1 != len(arguments):
        raise _RefusedError("badArgument", "An argument may stand once.")
    if not all(value.isprintable() for value in (*given, *given.values())):
        raise _RefusedError("badArgument", "An argument holds control characters.")
    if "resumptionToken" in given and verbs[0].startswith("List") and verbs[0] != "ListMetadataFormats":
        if len(given) > 1:
            raise _RefusedError("badArgument", "A resumptionToken stands alone.")
    elif needed - given.keys() or given.keys() - needed - allowed:
        told = ", ".join(sorted(needed)) or "none"
        more = ", ".join(sorted(allowed)) or "none"
        raise _RefusedError("badArgument", f"{verbs[0]} needs the arguments: {told}; it may have: {more}.")
    return verbs[0], given


# The verbs


def _identify(body: etree._Element, repository: Repository, _given: Mapping[str, str]) -> None:
    found = repository.offers.offers
    earliest = found[0].changed_at if found else datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    for name, value in (
        ("repositoryName", repository.offers.name),
        ("baseURL", repository.address),
        ("protocolVersion", "2.0"),
        ("adminEmail", repository.email),
        ("earliestDatestamp", earliest),
        ("deletedRecord", "persistent"),
        ("granularity", "YYYY-MM-DDThh:mm:ssZ"),
    ):
        _add(body, name, value)


def _list_formats(body: etree._Element, repository: Repository, given: Mapping[str, str]) -> None:
    if "identifier" in given:
        _offer(repository, given["identifier"])
    for prefix, (_, schema, namespace) in _FORMATS.items():
        told = _add(body, "metadataFormat")
        _add(told, "metadataPrefix", prefix)
        _add(told, "schema", schema)
        _add(told, "metadataNamespace", namespace)


def _list_sets(body: etree._Element, repository: Repository, given: Mapping[str, str]) -> None:
    if "resumptionToken" in given:
        raise _RefusedError("badResumptionToken", "The list of sets is given whole.")
    if not repository.offers.sets:
        raise _RefusedError("noSetHierarchy", "There are no conferences yet.")
    for conference_id, title in repository.offers.sets:
        told = _add(body, "set")
        _add(told, "setSpec", _set_name(conference_id))
        _add(told, "setName", title)


def _get_record(body: etree._Element, repository: Repository, given: Mapping[str, str]) -> None:
    offer = _offer(repository, given["identifier"])
    _check_format(given["metadataPrefix"])
    _record(body, repository, offer, given["metadataPrefix"])


def _list_records(body: etree._Element, repository: Repository, given: Mapping[str, str]) -> None:
    for offer, prefix in _page(body, repository, given):
        _record(body, repository, offer, prefix)
    _move_token_last(body)


def _list_identifiers(body: etree._Element, repository: Repository, given: Mapping[str, str]) -> None:
    for offer, _prefix in _page(body, repository, given):
        _header(body, repository, offer)
    _move_token_last(body)


_VERBS: Mapping[str, Callable[[etree._Element, Repository, Mapping[str, str]], None]] = MappingProxyType(
    {
        "Identify": _identify,
        "ListMetadataFormats": _list_formats,
        "ListSets": _list_sets,
        "GetRecord": _get_record,
        "ListIdentifiers": _list_identifiers,
        "ListRecords": _list_records,
    }
)


# Records


def _identifier(repository: Repository, offer: Offer) -> str:
    return f"oai:symposia-{repository.offers.archive_id}:{quote(offer.panel_id, safe='')}"


def _offer(repository: Repository, identifier: str) -> Offer:
    for offer in repository.offers.offers:
        if _identifier(repository, offer) == identifier:
            return offer
    raise _RefusedError("idDoesNotExist", "There is no such record, and there was none.")


def _set_name(conference_id: str) -> str:
    """The conference as a setSpec; by a digest where its id holds what a setSpec cannot."""
    return conference_id if _SET.fullmatch(conference_id) else f"c-{digest_of(conference_id)}"


def _check_format(prefix: str) -> None:
    if prefix not in _FORMATS:
        raise _RefusedError("cannotDisseminateFormat", f"There are: {', '.join(_FORMATS)}.")


def _header(parent: etree._Element, repository: Repository, offer: Offer) -> None:
    gone = {"status": "deleted"} if offer.description is None else {}
    header = _add(parent, "header", **gone)
    _add(header, "identifier", _identifier(repository, offer))
    _add(header, "datestamp", offer.changed_at)
    if offer.conference_id:
        _add(header, "setSpec", _set_name(offer.conference_id))


def _record(parent: etree._Element, repository: Repository, offer: Offer, prefix: str) -> None:
    record = _add(parent, "record")
    _header(record, repository, offer)
    if offer.description is not None:
        write, schema, namespace = _FORMATS[prefix]
        told = write(replace(offer.description, identifier=repository.room + offer.description.identifier))
        told.set(f"{{{_XSI}}}schemaLocation", f"{namespace} {schema}")
        _add(record, "metadata").append(told)


# Lists


def _page(
    body: etree._Element, repository: Repository, given: Mapping[str, str]
) -> Sequence[tuple[Offer, str]]:
    """The records of one answer, and with them the token of the next."""
    wanted = _resumed(given["resumptionToken"]) if "resumptionToken" in given else _wanted(given)
    _check_format(wanted.prefix)
    fitting = [each for each in repository.offers.offers if _fits(each, wanted)]
    left = [each for each in fitting if (each.changed_at, each.panel_id) > wanted.after]
    if not left:
        code = "badResumptionToken" if wanted.given else "noRecordsMatch"
        raise _RefusedError(code, "Nothing that is offered fits the request.")
    page = left[:RECORDS_A_PAGE]
    if len(left) > len(page) or wanted.given:
        after = (page[-1].changed_at, page[-1].panel_id)
        following = replace(wanted, after=after, given=wanted.given + len(page))
        token = _token(following) if len(left) > len(page) else ""
        size = max(len(fitting), following.given)
        _add(body, "resumptionToken", token, completeListSize=str(size), cursor=str(wanted.given))
    return [(offer, wanted.prefix) for offer in page]


def _move_token_last(body: etree._Element) -> None:
    token = body.find(f"{{{OAI}}}resumptionToken")
    if token is not None:
        body.append(token)


def _wanted(given: Mapping[str, str]) -> _Wanted:
    since, until = given.get("from", ""), given.get("until", "")
    kinds = {_granularity(each) for each in (since, until) if each}
    if len(kinds) > 1:
        raise _RefusedError("badArgument", "from and until are both days or both seconds.")
    if since and until and since > until:
        raise _RefusedError("badArgument", "from is later than until.")
    return _Wanted(given["metadataPrefix"], since, until, given.get("set", ""))


def _granularity(day: str) -> int:
    """Letters of a day or a second. Refuses what is neither."""
    if _DAY.fullmatch(day) or _SECOND.fullmatch(day):
        try:
            datetime.fromisoformat(day)
        except ValueError:
            pass
        else:
            return len(day)
    raise _RefusedError("badArgument", "Days are written as 2026-12-31 or 2026-12-31T23:59:59Z.")


def _fits(offer: Offer, wanted: _Wanted) -> bool:
    since, until = wanted.since, wanted.until
    return (
        (not since or offer.changed_at[: len(since)] >= since)
        and (not until or offer.changed_at[: len(until)] <= until)
        and (not wanted.set or _set_name(offer.conference_id) == wanted.set)
    )


def _token(wanted: _Wanted) -> str:
    values = (wanted.prefix, wanted.since, wanted.until, wanted.set, *wanted.after, wanted.given)
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()


def _resumed(token: str) -> _Wanted:
    """What a token of ours stands for. It holds nothing that one could not ask for anyway."""
    try:
        prefix, since, until, set_, at, panel_id, given = json.loads(base64.urlsafe_b64decode(token))
        texts = (prefix, since, until, set_, at, panel_id)
        if all(isinstance(each, str) for each in texts) and type(given) is int and 0 < given < 1 << 53:
            return _Wanted(prefix, since, until, set_, (at, panel_id), given)
    except (ValueError, TypeError, RecursionError):
        pass
    raise _RefusedError("badResumptionToken", "This is no token of this repository.")


__all__ = ["OAI", "RECORDS_A_PAGE", "Repository", "answer"]
