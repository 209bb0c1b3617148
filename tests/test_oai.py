"""Harvesters are told of what is approved, of what changed, and of what was withdrawn, in OAI-PMH 2.0."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import uvicorn
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from sample_archive import CONFERENCE, fill
from sample_documents import hostile_texts
from sickle import Sickle
from sickle.oaiexceptions import (
    BadArgument,
    BadResumptionToken,
    CannotDisseminateFormat,
    IdDoesNotExist,
    NoRecordsMatch,
)

from flows.serving import ServeOptions, _check, room_settings
from transcripts import harvest, rights
from transcripts.archive import Archive
from transcripts.descriptions import Description
from transcripts.errors import ConfigurationError
from transcripts.harvest import Offer, Offers, offers
from transcripts.review import ReviewDesk
from transcripts.web import harvesting
from transcripts.web.app import create_app
from transcripts.web.harvesting import Repository, answer
from transcripts.web.room import RoomSettings

EMAIL = "archive@example.org"
FORMATS = Path(__file__).parent / "formats"
OPEN = RoomSettings(login=True, secure_cookies=False, oai_email=EMAIL)
SECOND = 'o\'neill "b"'


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    """One panel of the two has approved passages; one of these is withheld."""
    with Archive.open(tmp_path / "archive", create=True) as fresh:
        fill(fresh)
        desk = ReviewDesk(fresh)
        for passage in ("p01", "p03", "p04"):
            desk.set_state(passage, "approved", reviewer="Ana")
        rights.restrict(fresh, "passage", "p04", reason="asked", by="Ana")
        yield fresh


@pytest.fixture
def client(archive: Archive) -> TestClient:
    return TestClient(create_app(archive, OPEN), base_url="http://localhost")


@contextmanager
def harvester(archive: Archive, **options: object) -> Iterator[Sickle]:
    """Somebody else's harvester, at a server that runs."""
    config = uvicorn.Config(create_app(archive, OPEN), port=0, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not (server.started and server.servers):
            assert thread.is_alive()
        port = server.servers[0].sockets[0].getsockname()[1]
        yield Sickle(f"http://127.0.0.1:{port}/oai", **options)
    finally:
        server.should_exit = True
        thread.join()


def schema_of(name: str) -> etree.RelaxNG:
    return etree.RelaxNG(etree.parse(str(FORMATS / name)))


PROTOCOL = schema_of("oai-pmh.rng")


def asked(client: TestClient, **arguments: str) -> etree._Element:
    """An answer, which is always one of the protocol."""
    found = client.get("/oai", params={name.rstrip("_"): value for name, value in arguments.items()})
    assert found.status_code == 200
    assert found.headers["content-type"] == "text/xml; charset=utf-8"
    root = etree.fromstring(found.content)
    PROTOCOL.assertValid(root)
    return root


def clock(monkeypatch: pytest.MonkeyPatch, at: str) -> None:
    """Have changes be noticed at a time."""
    monkeypatch.setattr(harvest, "_now", lambda: at)


# Somebody else's harvester


def test_a_harvester_takes_what_is_approved_and_open(archive: Archive) -> None:
    with harvester(archive) as sickle:
        about = sickle.Identify()
        assert (about.repositoryName, about.adminEmail, about.deletedRecord) == (
            CONFERENCE.title, EMAIL, "persistent"
        )  # fmt: skip
        assert {each.metadataPrefix for each in sickle.ListMetadataFormats()} == {"oai_dc", "datacite"}
        assert [(each.setSpec, each.setName) for each in sickle.ListSets()] == [("film-ai", CONFERENCE.title)]
        (record,) = sickle.ListRecords(metadataPrefix="oai_dc")
        assert record.metadata["title"] == ["Opening"]
        assert record.metadata["creator"] == ["Director (Japan)", "Productora (México)"]
        assert record.metadata["language"] == ["ja", "es", "en"]
        assert record.metadata["identifier"][0].endswith("/panels/opening")
        assert "2 reviewed and approved passages" in record.metadata["description"][0]
        (header,) = sickle.ListIdentifiers(metadataPrefix="datacite", set="film-ai")
        assert header.identifier == record.header.identifier
        again = sickle.GetRecord(identifier=header.identifier, metadataPrefix="datacite")
        assert not again.deleted


def test_a_harvester_is_told_what_was_withdrawn(archive: Archive) -> None:
    with harvester(archive) as sickle:
        (before,) = sickle.ListRecords(metadataPrefix="oai_dc")
        rights.restrict(archive, "panel", "opening", reason="asked", by="Ana")
        (after,) = sickle.ListRecords(metadataPrefix="oai_dc", ignore_deleted=False)
        assert after.deleted
        assert after.header.identifier == before.header.identifier
        assert list(sickle.ListIdentifiers(metadataPrefix="oai_dc", ignore_deleted=True)) == []
        rights.lift(archive, "panel", "opening", by="Ana")
        (back,) = sickle.ListRecords(metadataPrefix="oai_dc")
        assert not back.deleted


def test_a_harvester_follows_a_long_list(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    ReviewDesk(archive).set_state("p06", "approved", reviewer="Ana")
    monkeypatch.setattr(harvesting, "RECORDS_A_PAGE", 1)
    with harvester(archive) as sickle:
        found = [record.metadata["title"] for record in sickle.ListRecords(metadataPrefix="oai_dc")]
        assert sorted(found) == [["Opening"], ["Second panel"]]


def test_a_harvester_gets_the_errors_of_the_protocol(archive: Archive) -> None:
    with harvester(archive) as sickle:
        for error, ask in (
            (BadArgument, sickle.ListRecords),
            (BadArgument, lambda: sickle.ListRecords(metadataPrefix="oai_dc", **{"from": "yesterday"})),
            (CannotDisseminateFormat, lambda: sickle.ListRecords(metadataPrefix="marc")),
            (IdDoesNotExist, lambda: sickle.GetRecord(identifier="oai:x:y", metadataPrefix="oai_dc")),
            (NoRecordsMatch, lambda: sickle.ListRecords(metadataPrefix="oai_dc", until="1999-01-01")),
            (NoRecordsMatch, lambda: sickle.ListRecords(metadataPrefix="oai_dc", set="other")),
            (BadResumptionToken, lambda: sickle.ListRecords(resumptionToken="mine")),
        ):
            with pytest.raises(error):
                ask()


# The protocol


def test_both_formats_are_as_their_schemas_say(client: TestClient) -> None:
    for prefix, name in (("oai_dc", "oai-dc.rng"), ("datacite", "datacite.rng")):
        root = asked(client, verb="ListRecords", metadataPrefix=prefix)
        (told,) = root.iterfind(".//{*}metadata/*")
        del told.attrib["{http://www.w3.org/2001/XMLSchema-instance}schemaLocation"]
        schema_of(name).assertValid(etree.fromstring(etree.tostring(told)))


def test_get_and_post_are_answered_alike(client: TestClient) -> None:
    arguments = {"verb": "ListIdentifiers", "metadataPrefix": "oai_dc"}
    by_get, by_post = client.get("/oai", params=arguments), client.post("/oai", data=arguments)
    assert by_get.content.split(b"<request")[1] == by_post.content.split(b"<request")[1]
    assert client.post("/oai", content=b"\xff").status_code == 400
    assert client.post("/oai", content=b"x" * 1_000_001).status_code == 413


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "badVerb"),
        ("verb=identify", "badVerb"),
        ("verb=Identify&verb=Identify", "badVerb"),
        ("verb=Identify&more=1", "badArgument"),
        ("verb=ListRecords", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&metadataPrefix=oai_dc", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&resumptionToken=x", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&from=2026-13-01", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&from=2026-01-01&until=2026-01-01T00:00:00Z", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&from=2026-02-01&until=2026-01-01", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai%00dc", "badArgument"),
        ("verb=GetRecord&identifier=x", "badArgument"),
        ("verb=GetRecord&identifier=x&metadataPrefix=oai_dc", "idDoesNotExist"),
        ("verb=ListMetadataFormats&identifier=x", "idDoesNotExist"),
        ("verb=ListSets&resumptionToken=x", "badResumptionToken"),
        ("verb=ListIdentifiers&resumptionToken=WzFd", "badResumptionToken"),
        ("verb=ListIdentifiers&metadataPrefix=marc", "cannotDisseminateFormat"),
    ],
)
def test_what_is_asked_wrongly_is_told_by_its_code(client: TestClient, query: str, code: str) -> None:
    root = etree.fromstring(client.get(f"/oai?{query}").content)
    PROTOCOL.assertValid(root)
    (error,) = root.iterfind("{*}error")
    assert error.get("code") == code
    request = root.find("{*}request")
    assert request is not None
    assert bool(request.attrib) is (code not in ("badVerb", "badArgument"))


def test_lists_hold_what_changed_in_a_time(
    client: TestClient, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock(monkeypatch, "2026-01-01T10:00:00Z")
    asked(client, verb="Identify")
    clock(monkeypatch, "2026-01-02T10:00:00Z")
    ReviewDesk(archive).set_state("p06", "approved", reviewer="Ana")

    def titles(**span: str) -> list[str | None]:
        root = asked(client, verb="ListRecords", metadataPrefix="oai_dc", **span)
        return [each.text for each in root.iterfind(".//{*}title")]

    assert titles() == ["Opening", "Second panel"]
    assert titles(from_="2026-01-02") == ["Second panel"]
    assert titles(until="2026-01-01") == ["Opening"]
    assert titles(from_="2026-01-01T10:00:00Z", until="2026-01-01T10:00:00Z") == ["Opening"]
    clock(monkeypatch, "2026-01-03T10:00:00Z")
    ReviewDesk(archive).set_state("p01", "draft", reviewer="Ana")
    assert titles(from_="2026-01-03") == ["Opening"]  # it is described in another way
    ReviewDesk(archive).set_state("p03", "draft", reviewer="Ana")
    assert titles() == ["Second panel"]
    root = asked(client, verb="ListIdentifiers", metadataPrefix="oai_dc", from_="2026-01-03")
    assert [each.get("status") for each in root.iter("{*}header")] == ["deleted"]


def test_a_list_goes_on_after_changes_in_the_middle(
    client: TestClient, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(harvesting, "RECORDS_A_PAGE", 1)
    ReviewDesk(archive).set_state("p06", "approved", reviewer="Ana")
    clock(monkeypatch, "2026-01-01T10:00:00Z")
    first = asked(client, verb="ListRecords", metadataPrefix="oai_dc")
    token = first.findtext(".//{*}resumptionToken")
    assert token
    clock(monkeypatch, "2026-01-02T10:00:00Z")
    rights.restrict(archive, "panel", SECOND, reason="asked", by="Ana")
    seen = [each.text for each in first.iterfind(".//{*}header/{*}identifier")]
    while token:
        root = asked(client, verb="ListRecords", resumptionToken=token)
        seen += [each.text for each in root.iterfind(".//{*}header/{*}identifier")]
        token = root.findtext(".//{*}resumptionToken")
    assert len(set(seen)) == 2
    assert len(seen) == 3  # what changed meanwhile is told again


def test_nothing_changed_keeps_every_time(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    first = offers(archive)
    clock(monkeypatch, "2030-01-01T10:00:00Z")
    assert offers(archive) == first


# Rights


def test_it_is_open_only_where_the_room_was_started_so(archive: Archive) -> None:
    closed = TestClient(create_app(archive, replace(OPEN, oai_email="")), base_url="http://localhost")
    assert closed.get("/oai?verb=Identify").status_code == 404
    assert room_settings(archive, ServeOptions(oai=EMAIL)).oai_email == EMAIL
    with pytest.raises(ConfigurationError, match="--oai takes the e-mail address"):
        _check(ServeOptions(oai="yes"))


def test_without_a_login_it_answers_to_its_own_machine_only(archive: Archive) -> None:
    app = create_app(archive, replace(OPEN, login=False))
    assert TestClient(app, base_url="http://elsewhere").get("/oai?verb=Identify").status_code == 403


def test_what_is_withheld_or_not_approved_is_in_no_answer(client: TestClient, archive: Archive) -> None:
    rights.restrict(archive, "speaker", "producer", reason="asked", by="Ana")
    for prefix in ("oai_dc", "datacite"):
        text = etree.tostring(asked(client, verb="ListRecords", metadataPrefix=prefix), encoding="unicode")
        assert "Director (Japan)" in text
        assert "Productora" not in text
        assert "O'Hara" not in text
        assert "Second panel" not in text


# Hostile text


@settings(max_examples=40)
@given(title=hostile_texts, name=hostile_texts, panel_id=st.text(min_size=1, max_size=10), token=st.text())
def test_answers_are_valid_whatever_people_write(title: str, name: str, panel_id: str, token: str) -> None:
    told = Description("panels/x", title, "2026", "Text", title, ((name, title),), subjects=(title,))
    found = Offers(
        "ab", title, (Offer(panel_id, panel_id, "2026-01-01T00:00:00Z", told),), ((panel_id, name),)
    )
    repository = Repository("http://localhost/oai", "http://localhost/", EMAIL, found)
    for arguments in (
        {"verb": "Identify"},
        {"verb": "ListSets"},
        {"verb": "ListRecords", "metadataPrefix": "oai_dc"},
        {"verb": "ListRecords", "metadataPrefix": "datacite"},
        {"verb": "ListRecords", "resumptionToken": token},
        {"verb": "ListRecords", "metadataPrefix": token},
        {"verb": "GetRecord", "identifier": token, "metadataPrefix": title},
    ):
        PROTOCOL.assertValid(etree.fromstring(answer(repository, list(arguments.items()))))
