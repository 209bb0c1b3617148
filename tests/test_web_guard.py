"""What the web app refuses and what every answer carries: hosts, origins, forms, sizes, headers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from web_archive import addresses, form_token, local_client, make_archive

from transcripts.web.guard import ADDRESS_BYTES_MAX, BODY_BYTES_MAX
from transcripts.web.visitors import LOCAL, STRANGER, Visitor


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with make_archive(tmp_path_factory.mktemp("guard") / "archive") as archive:
        yield local_client(archive)


@pytest.mark.parametrize(
    "path", ["/", "/panels/opening", "/nothing", "/api/panels", "/media/rec-1", "/static/style.css"]
)
def test_every_answer_has_secure_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http:" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"


def test_pages_hold_nothing_inline_and_nothing_foreign(client: TestClient) -> None:
    for path in ("/", "/panels/opening", "/api/docs"):
        text = client.get(path).text
        assert " style=" not in text
        assert " onclick=" not in text
        assert "<script>" not in text
        for attribute in ('src="http', 'href="http', 'src="//', 'href="//'):
            assert attribute not in text


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "localhost.evil.example", "", "127.0.0.1.nip.io"]
)
def test_the_local_room_answers_to_no_foreign_name(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"host": host}).status_code == 403


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8700", "127.0.0.1:1", "[::1]:8700", "[::1]"])
def test_the_local_room_answers_to_the_names_of_its_machine(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("header", ["x-forwarded-for", "x-forwarded-host", "forwarded"])
def test_a_proxy_does_not_make_strangers_local(client: TestClient, header: str) -> None:
    answer = client.get("/", headers={header: "203.0.113.5"})
    assert answer.status_code == 403
    assert "--login" in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_a_foreign_page_cannot_change_anything(client: TestClient, headers: dict[str, str]) -> None:
    form = {"form_token": form_token(client), "look": "dark"}
    answer = client.post("/preferences", data=form, headers=headers, follow_redirects=False)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_every_form_needs_its_token(client: TestClient) -> None:
    changing = addresses(changing=True)
    assert {"/preferences", "/login", "/rights", "/review/{passage_id}"} <= set(changing)
    for path in changing:
        address = path.replace("{passage_id}", "p01")
        for token in ("", "00" * 64, "no token", STRANGER.form_token()[:-2] + "zz"):
            answer = client.post(address, data={"form_token": token, "note": "what I wrote"})
            assert answer.status_code == 403, (path, token)
            assert "what I wrote" in answer.text  # nothing that was typed is lost


@given(st.text(max_size=200))
def test_no_text_passes_for_a_token(token: str) -> None:
    assert not LOCAL.sent(token)


def test_tokens_differ_each_time_and_belong_to_one_visitor() -> None:
    other = Visitor("other", "editor", "another secret")
    assert LOCAL.form_token() != LOCAL.form_token()
    assert LOCAL.sent(LOCAL.form_token())
    assert not LOCAL.sent(other.form_token())


def test_requests_that_are_too_large_are_refused(client: TestClient) -> None:
    token = form_token(client)
    assert (
        client.post("/preferences", data={"form_token": token, "x": "y" * BODY_BYTES_MAX}).status_code == 413
    )

    def parts() -> Iterator[bytes]:  # without a Content-Length
        for _ in range(20):
            yield b"x" * 100_000

    kind = {"content-type": "application/x-www-form-urlencoded"}
    assert client.post("/preferences", content=parts(), headers=kind).status_code == 413
    assert client.get("/?" + "a" * ADDRESS_BYTES_MAX).status_code == 414
    assert client.get("/" + "a" * ADDRESS_BYTES_MAX).status_code == 414


@pytest.mark.parametrize("letter", ["倫", "🎬"])
def test_a_query_of_any_script_may_be_as_long_as_the_box_and_longer(client: TestClient, letter: str) -> None:
    answer = client.get("/search", params={"q": letter * 2_000, "theme": "ethics"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{}", "application/json", 415),
        (b"--x", "multipart/form-data; boundary=x", 415),
        (b"\xff\xfe", "application/x-www-form-urlencoded", 400),
        ("&".join(f"a{n}=1" for n in range(600)).encode(), "application/x-www-form-urlencoded", 400),
        (b"a=%ff%fe", "application/x-www-form-urlencoded", 400),
    ],
)
def test_what_is_no_form_is_refused(client: TestClient, content: bytes, kind: str, status: int) -> None:
    assert client.post("/preferences", content=content, headers={"content-type": kind}).status_code == status


@pytest.mark.parametrize("length", ["-5", "x", "1e3", "٣"])
def test_a_length_that_is_no_number_is_refused(client: TestClient, length: str) -> None:
    headers = {b"content-length": length.encode()}
    assert client.post("/preferences", content=b"", headers=headers).status_code == 400


@pytest.mark.parametrize(
    "path", ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "/a\nb"]
)
def test_preferences_lead_nowhere_else(client: TestClient, path: str) -> None:
    form = {"form_token": form_token(client), "look": "dark", "interface": "ja", "next": path}
    answer = client.post("/preferences", data=form, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"


HOSTILE = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [
            "' OR 1=1 --",
            "1; DROP TABLE passages",
            '") OR true; --',
            "../../etc/passwd",
            "..%2f..%2fetc%2fpasswd",
            "<script>alert(1)</script>",
            "\x00",
            "{{7*7}}",
            "%s%n",
            "-1",
            "1e309",
            "9" * 40,
        ]
    ),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=HOSTILE, second=HOSTILE)
def test_no_address_and_no_parameter_breaks_a_page(client: TestClient, value: str, second: str) -> None:
    names = ("q", "theme", "language", "speaker", "panel", "state", "quality", "sort", "page", "page_number")
    more = ("view", "around", "like", "form", "recording", "limit", "offset", "t", "next", "interface", "id")
    for path in addresses(changing=False):
        address = path
        for name in ("panel_id", "recording_id", "passage_id", "language"):
            address = address.replace(f"{{{name}}}", quote(value, safe="") or "-")
        answer = client.get(address, params=dict.fromkeys((*names, *more), second), follow_redirects=False)
        assert answer.status_code < 500, (path, value, second)
        assert "<script>alert(1)</script>" not in answer.text or "html" not in answer.headers["content-type"]
    assert Path("/etc/passwd").read_text() not in answer.text
