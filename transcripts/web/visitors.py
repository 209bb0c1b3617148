"""Who is visiting, what they may do, and what they send.

On the machine itself there is one local user, who may do everything. Elsewhere people log
in: the browser holds a random token in a cookie, the archive its hash. Every form carries a
token made from that secret, masked anew each time (a compressed page gives nothing away).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, replace
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, HTTPException, Request

from transcripts.holdings import Selection
from transcripts.web.guard import BODY_BYTES_MAX
from transcripts.web.room import ReadingRoom
from transcripts.web.wording import N_

FIELDS_MAX = 500  # of one form
_LOCAL_SECRET = secrets.token_hex(32)  # of this process: forms of the local user


class LoginNeededError(Exception):
    """Nobody is logged in, and this room is not open to all."""


class OldFormError(Exception):
    """A form that was not made for this visitor's session; `kept` is what they wrote."""

    def __init__(self, kept: list[tuple[str, str]]) -> None:
        super().__init__("a form of another session")
        self.kept = kept


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person with a role; `secret` is what their forms are signed with."""

    name: str
    role: str
    secret: str

    @property
    def may_edit(self) -> bool:
        return self.role in ("editor", "administrator")

    @property
    def may_administer(self) -> bool:
        return self.role == "administrator"

    def selection(self, **fields: object) -> Selection:
        """Which passages this visitor may see: those under embargo are for editors only."""
        return Selection(restricted=self.may_edit, **fields)  # type: ignore[arg-type]

    def form_token(self) -> str:
        """A token for one form, different each time."""
        mask = secrets.token_bytes(32)
        return mask.hex() + bytes(a ^ b for a, b in zip(mask, self._signed(), strict=True)).hex()

    def sent(self, token: str) -> bool:
        """Whether a form carries a token of this visitor."""
        try:
            raw = bytes.fromhex(token)
        except ValueError:
            return False
        signed = bytes(a ^ b for a, b in zip(raw[:32], raw[32:], strict=False))
        return len(raw) == 64 and hmac.compare_digest(signed, self._signed())

    def _signed(self) -> bytes:
        return hmac.digest(self.secret.encode(), b"form", hashlib.sha256)


LOCAL = Visitor("local", "administrator", _LOCAL_SECRET)
STRANGER = Visitor("", "stranger", _LOCAL_SECRET)  # sees the login page only


def room_of(request: Request) -> ReadingRoom:
    room = request.app.state.room
    assert isinstance(room, ReadingRoom)
    return room


def cookie_name(room: ReadingRoom) -> str:
    """The session cookie; the prefix has browsers refuse it but by HTTPS, for this host and all paths."""
    return "__Host-symposia" if room.settings.secure_cookies else "symposia"


def visitor_or_stranger(request: Request) -> Visitor:
    """Whose session the request belongs to."""
    room = room_of(request)
    if not room.settings.login:
        return replace(LOCAL, name=room.settings.local_name)
    token = request.cookies.get(cookie_name(room), "")
    user = room.accounts.user_of_session(token) if token else None
    return Visitor(user.name, user.role, token) if user else STRANGER


def visitor(request: Request) -> Visitor:
    """The visitor of a page that is not for strangers."""
    found = visitor_or_stranger(request)
    if found is STRANGER:
        raise LoginNeededError
    return found


def editor(found: Annotated[Visitor, Depends(visitor)]) -> Visitor:
    if not found.may_edit:
        raise HTTPException(403, N_("Only editors may do this."))
    return found


def administrator(found: Annotated[Visitor, Depends(visitor)]) -> Visitor:
    if not found.may_administer:
        raise HTTPException(403, N_("Only administrators may do this."))
    return found


class Form(dict[str, str]):
    """The fields of a form that was sent; what was left out is ''."""

    def __missing__(self, key: str) -> str:
        return ""


async def posted(request: Request) -> Form:
    """The form of a request. Refuses what is too large or no form."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind != "application/x-www-form-urlencoded":
        raise HTTPException(415, "A form is sent as application/x-www-form-urlencoded.")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_BYTES_MAX:
            raise HTTPException(413, f"A form may hold {BODY_BYTES_MAX} bytes.")
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="strict"
        )
    except ValueError as error:
        raise HTTPException(400, "The form cannot be read.") from error
    return Form({name: value.replace("\r\n", "\n").replace("\0", "") for name, value in pairs})


def signed_form(
    form: Annotated[Form, Depends(posted)], sender: Annotated[Visitor, Depends(visitor_or_stranger)]
) -> Form:
    """The form of a request, made for this very visitor. All forms come by here."""
    if not sender.sent(form["form_token"]):
        raise OldFormError(written(form))
    del form["form_token"]
    return form


def written(form: Form) -> list[tuple[str, str]]:
    """What a person wrote into a form, to be shown to them again where it cannot be taken."""
    hidden = ("form_token", "password", "next", "deed")
    return [
        (name, value)
        for name, value in form.items()
        if value and name not in hidden and not name.startswith("was_") and value != form[f"was_{name}"]
    ]


SomeVisitor = Annotated[Visitor, Depends(visitor)]
Stranger = Annotated[Visitor, Depends(visitor_or_stranger)]
Editor = Annotated[Visitor, Depends(editor)]
Administrator = Annotated[Visitor, Depends(administrator)]
Posted = Annotated[Form, Depends(signed_form)]
Room = Annotated[ReadingRoom, Depends(room_of)]
