"""The sample conference with files, corrected, approved, partly withheld: for the tests of packages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sample_archive import CONFERENCE, STAGES, TRANSLATOR, layers, recording
from web_archive import write_sound

from flows.layers import Translations, digest, layer_bytes
from transcripts import rights
from transcripts.accounts import Accounts
from transcripts.archive import Archive, StageRecord
from transcripts.files import hash_of_file
from transcripts.review import ReviewDesk

CAPTIONS = "1\n00:00:00,000 --> 00:00:08,000\n부산국제영화제에서 판소리를 들었어요.\n"
PASSWORD = "a long enough password"


def translated(recording_id: str) -> StageRecord:
    """The stage that translated a recording, with the hash of what it made."""
    made = digest(layer_bytes(Translations(layers(recording_id).translations)))
    return StageRecord("translation", "k3", made, TRANSLATOR)


def make(directory: Path, *, withheld: bool = True, user: bool = False) -> Archive:
    """An archive with a sound file, a caption file, history (some of it taken back), and a user."""
    media = directory.parent / "media"
    media.mkdir(parents=True, exist_ok=True)
    sound = write_sound(media / "rec-1.wav", 2.0)
    captions = media / "rec-2.ko.srt"
    captions.write_text(CAPTIONS, encoding="utf-8")
    archive = Archive.open(directory, create=True)
    archive.set_conference(CONFERENCE)
    heard = replace(recording("rec-1"), path=str(sound), sha256=hash_of_file(sound, "sha256"))
    archive.keep(heard, layers("rec-1"), (*STAGES, translated("rec-1")))
    read = StageRecord("file:0:rec-2.ko.srt", "file-key", hash_of_file(captions, "sha256"))
    archive.keep(
        replace(recording("rec-2"), path=str(captions), kind="captions"),
        layers("rec-2"),
        (translated("rec-2"), read),
    )
    desk = ReviewDesk(archive)
    desk.correct("p01", "text", "AI倫理委員会で議論した。", reviewer="Ana")
    desk.correct("p04", "translation", "Ethics is no ornament.", reviewer="Ben <b>")
    mistaken = desk.correct("p02", "text", "mistaken", reviewer="Ana")
    assert mistaken
    desk.undo(mistaken.id, reviewer="Ben <b>")
    for passage in ("p01", "p04", "p06"):
        desk.set_state(passage, "approved", reviewer="Ana")
    if user:
        Accounts(archive).add_user("ana", "editor", PASSWORD)
    if withheld:
        rights.restrict(archive, "passage", "p07", reason="asked by the speaker", by="Ana")
    return archive
