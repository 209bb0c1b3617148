"""Whatever is sent to the reading room, it answers as its OpenAPI description says, and never with a defect.

schemathesis (https://schemathesis.readthedocs.io) makes the requests of the API and judges the answers.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import schemathesis
from fastapi import FastAPI
from fastapi.testclient import TestClient
from fuzzing import changed, fuzzed, watched
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import etree
from web_archive import addresses, form_token, local_client, make_archive

from transcripts.archive import Archive
from transcripts.review import ReviewDesk
from transcripts.web.app import create_app
from transcripts.web.room import RoomSettings

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")

PANEL, RECORDING, PASSAGE = "opening", "rec-1", "p03"
REAL = {
    "panel_id": PANEL,
    "recording_id": RECORDING,
    "recording": RECORDING,
    "passage_id": PASSAGE,
    "passage": PASSAGE,
    "language": "spoken",
}
PROTOCOL = etree.RelaxNG(etree.parse(str(Path(__file__).parent / "formats" / "oai-pmh.rng")))
VERBS = ("Identify", "ListMetadataFormats", "ListSets", "GetRecord", "ListIdentifiers", "ListRecords")
TOKEN = base64.urlsafe_b64encode(json.dumps(["oai_dc", "", "", "", "2026-01-01T00:00:00Z", "a", 1]).encode())
DEEP = base64.urlsafe_b64encode(b"[" * 4000)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with make_archive(tmp_path_factory.mktemp("fuzz") / "archive") as archive:
        ReviewDesk(archive).set_state(PASSAGE, "approved", reviewer="Ana")
        yield archive


@pytest.fixture(scope="module")
def client(archive: Archive) -> TestClient:
    return local_client(archive)


@pytest.fixture(scope="module")
def harvested(archive: Archive) -> TestClient:
    settings = RoomSettings(login=True, oai_email="a@example.org")
    return TestClient(
        create_app(archive, settings), base_url="http://localhost", raise_server_exceptions=False
    )


@pytest.fixture(scope="module")
def api(client: TestClient) -> Any:
    """Our own description of the API, with the application that it is of."""
    app = client.app
    assert isinstance(app, FastAPI)
    described = schemathesis.openapi.from_dict(app.openapi())
    described.config.update(base_url="http://localhost")
    described.app = app
    assert client.get("/api/search", params={"q": "x"}).is_success  # what searches takes seconds to load
    return described


DESCRIBED = sorted(
    {path for path in addresses(changing=False) if path.startswith(("/api/", "/media/"))} - {"/api/docs"}
)


@pytest.mark.parametrize("path", DESCRIBED)
@fuzzed(usual=5, among=len(DESCRIBED))
@given(data=st.data())
def test_the_api_answers_as_it_is_described(api: Any, path: str, data: st.DataObject) -> None:
    case = data.draw(api[path]["GET"].as_strategy())
    for given_ in (case.path_parameters, case.query):
        for name in set(given_ or ()) & set(REAL):
            if data.draw(st.booleans()):
                given_[name] = REAL[name]
    with watched():
        case.call_and_validate()


REQUESTS = st.fixed_dictionaries(
    {
        "method": st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE", "X"]),
        "path": st.sampled_from(
            [*addresses(changing=False), *addresses(changing=True), "/static/x", "/%2e%2e/x"]
        ),
        "id": st.sampled_from([PANEL, RECORDING, PASSAGE]) | st.text(max_size=12),
        "query": st.binary(max_size=40).map(quote)
        | st.dictionaries(
            st.sampled_from(
                ["q", "theme", "page", "view", "around", "like", "t", "next", "form", "limit", "offset"]
            ),
            st.text(max_size=20) | st.integers().map(str),
            max_size=4,
        ).map(lambda given_: urlencode(given_, errors="surrogatepass")),
        "headers": st.dictionaries(
            st.sampled_from(
                ["range", "cookie", "content-type", "origin", "accept-language", "content-length", "if-range"]
            ),
            st.sampled_from(
                [
                    "bytes=0-10",
                    "bytes=9-1,-,5",
                    "symposia=" + "a" * 64,
                    "x=\xff",
                    "application/x-www-form-urlencoded",
                    "multipart/form-data; boundary=",
                    "null",
                    "fa;q=x, *",
                    "-1",
                    "9" * 30,
                    "en\xe9",
                ]
            )
            | st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=12),
            max_size=3,
        ),
        "body": st.binary(max_size=60),
    }
)


@fuzzed(usual=40)
@given(sent=REQUESTS)
def test_no_request_is_a_defect(client: TestClient, sent: dict[str, Any]) -> None:
    path = sent["path"]
    for name in ("panel_id", "recording_id", "passage_id", "language"):
        path = path.replace(f"{{{name}}}", quote(sent["id"], safe="", errors="surrogatepass") or "-")
    headers = {name: value.encode("latin-1") for name, value in sent["headers"].items()}
    with watched():
        answer = client.request(
            sent["method"],
            f"{path}?{sent['query']}",
            headers=headers,
            content=sent["body"],
            follow_redirects=False,
        )
    assert answer.status_code < 500, answer.text


FORMS = [each for each in addresses(changing=True) if each not in ("/login", "/logout")]
FIELDS = (
    "text",
    "translation",
    "speaker",
    "language",
    "start_s",
    "end_s",
    "at",
    "next",
    "number",
    "kind",
    "target",
    "reason",
    "until",
    "state",
    "deed",
    "expected",
    "theme:ethics",
    "was:text",
    "interface",
    "passages",
)


@fuzzed(usual=20)
@given(data=st.data())
def test_no_form_is_a_defect(client: TestClient, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(FORMS)).replace("{passage_id}", PASSAGE)
    values = st.sampled_from(
        ["", "1", "-1", "nan", "1e999", "9" * 5000, "passage", "2026-02-30", "draft", "p03", "\x00", "٣"]
    )
    fields = data.draw(st.dictionaries(st.sampled_from(FIELDS), values | st.text(max_size=20), max_size=8))
    fields = {name: value.encode("utf-8", "replace").decode() for name, value in fields.items()}
    with watched():
        answer = client.post(path, data={**fields, "form_token": form_token(client)}, follow_redirects=False)
    assert answer.status_code < 500, answer.text


@fuzzed(usual=40)
@given(
    verb=st.sampled_from(VERBS) | st.text(max_size=10),
    given_=st.dictionaries(
        st.sampled_from(["metadataPrefix", "identifier", "from", "until", "set", "resumptionToken"]),
        st.sampled_from(["oai_dc", "datacite", "film-ai", "2026-01-01", "2026-02-30", "9999-12-31T23:59:59Z"])
        | changed([TOKEN]).map(lambda token: token[:5000].decode("latin-1"))
        | st.text(max_size=20),
        max_size=3,
    ),
)
@example(verb="ListRecords", given_={"resumptionToken": DEEP.decode()})
def test_harvesters_are_answered_by_the_protocol(
    harvested: TestClient, verb: str, given_: dict[str, str]
) -> None:
    asked = urlencode({"verb": verb, **given_}, errors="replace")
    with watched():
        answer = harvested.get(f"/oai?{asked}")
    assert answer.status_code in (200, 414), answer.text
    if answer.status_code == 200:
        PROTOCOL.assertValid(etree.fromstring(answer.content))


@fuzzed(usual=40)
@given(
    body=st.binary(max_size=80)
    | changed([b"verb=ListRecords&metadataPrefix=oai_dc&resumptionToken=" + TOKEN])
)
def test_harvesters_may_post_anything(harvested: TestClient, body: bytes) -> None:
    with watched():
        answer = harvested.post("/oai", content=body)
    assert answer.status_code in (200, 400), answer.text
