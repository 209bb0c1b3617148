"""Packages for repositories: complete, described, and made into the same archive again."""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import bagit
import bagit_profile
import pytest
from deposit_archive import PASSWORD, make, translated
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from prov.model import ProvDocument
from sample_archive import CONFERENCE, STAGES, embed, layers, recording
from sample_documents import hostile_texts

from flows.depositing import deposit_archive, restore_archive
from transcripts import schema
from transcripts.archive import Archive, Conference, RecordingLayers, StageRecord
from transcripts.deposit import package
from transcripts.deposit.contents import Contents, PackedFile, Reviewed, Said, Wishes
from transcripts.deposit.package import DESCRIPTIONS, deposit
from transcripts.deposit.restoring import restore
from transcripts.deposit.tables import deposited_tables, description, read_tables, table_rows, words
from transcripts.errors import ArchiveError, ConfigurationError, SymposiaError
from transcripts.files import hash_of_file
from transcripts.originals import originals
from transcripts.query import SearchQuery
from transcripts.records import Panel, Passage, Recording, Span, Speaker
from transcripts.review import ReviewDesk
from transcripts.rights import Restriction, restrict, restrictions
from transcripts.search import SearchIndex
from transcripts.verification import original_faults, stray_files

FORMATS = Path(__file__).parent / "formats"
P = "{http://www.loc.gov/premis/v3}"
WISHES = Wishes("Festival & Sons", "10.1234/abc", "https://creativecommons.org/licenses/by/4.0/")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Archive, Path]]:
    """An archive and its package; neither is changed by a test."""
    place = tmp_path_factory.mktemp("deposit")
    with make(place / "archive", user=True) as archive:
        deposit(archive, place / "bag", WISHES)
        yield archive, place / "bag"


def schema_of(name: str) -> etree.RelaxNG:
    return etree.RelaxNG(etree.parse(str(FORMATS / name)))


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


# The package


def test_the_bag_is_valid_by_its_validator(made: tuple[Archive, Path]) -> None:
    bag = bagit.Bag(str(made[1]))
    assert bag.validate()
    assert bag.algorithms == ["sha512"]
    assert (made[1] / "data").stat().st_mode & 0o777 == 0o755  # not for its maker alone
    assert bag.info["Source-Organization"] == "Festival & Sons"
    assert bag.info["External-Identifier"] == "10.1234/abc"
    assert bag.info["BagIt-Profile-Identifier"] == package.PROFILE
    assert bag.info["Access"].startswith("restricted")


def test_the_bag_is_as_its_profile_says(made: tuple[Archive, Path]) -> None:
    described = json.loads((made[1] / "metadata/bagit-profile.json").read_text("utf-8"))
    profile = bagit_profile.Profile(package.PROFILE, profile=described)
    assert profile.validate(bagit.Bag(str(made[1]))), str(profile.report)


def test_it_holds_originals_tables_and_readable_copies(made: tuple[Archive, Path]) -> None:
    archive, bag = made
    there = files(bag)
    for recording_, name in (("rec-1", "rec-1.wav"), ("rec-2", "rec-2.ko.srt")):
        original = Path(archive.recording(recording_).path)
        assert there[f"data/originals/{recording_}/{name}"] == original.read_bytes()
    assert {"data/tei/rec-1.tei.xml", "data/captions/rec-2.original.vtt", "README.txt"} <= there.keys()
    readings = [json.loads(line) for line in there["data/record/readings.jsonl"].splitlines()]
    assert [row["text"] for row in readings if row["id"] == "p01"] == ["AI倫理委員会で議論した。"]
    (path,) = (
        row["path"]
        for row in map(json.loads, there["data/record/recordings.jsonl"].splitlines())
        if row["id"] == "rec-1"
    )
    assert path == "data/originals/rec-1/rec-1.wav"


def test_no_secret_and_no_path_of_the_machine_is_in_it(made: tuple[Archive, Path], tmp_path: Path) -> None:
    archive, bag = made
    assert archive.files
    everything = b"\n".join(files(bag).values())
    for secret in (b"argon2", PASSWORD.encode(), str(archive.files.parent).encode()):
        assert secret not in everything
    named = {table.name for table in deposited_tables()}
    assert named.isdisjoint({"users", "sessions", "login_attempts"})


def test_what_is_withheld_is_in_the_record_alone(made: tuple[Archive, Path]) -> None:
    bag = made[1]
    withheld = "نوشتن فیلم‌نامه‌های"
    holding = {name for name, content in files(bag).items() if withheld.encode() in content}
    tables = ("passages", "readings", "restrictions", "segments")
    assert holding == {f"data/record/{name}.jsonl" for name in tables}
    readme = (bag / "README.txt").read_text("utf-8")
    assert "NOT TO BE OPENED TO EVERYBODY" in readme
    assert "the passage 'p07', for good: asked by the speaker" in readme


def test_every_table_and_column_is_described() -> None:
    for table in deposited_tables():
        assert words(table.name, "about")
        assert all(words(table.name, column.name) for column in table.c)
    fields = {each["name"]: each["schema"]["fields"] for each in description()["resources"]}
    assert [field["name"] for field in fields["readings"]][:2] == ["id", "recording_id"]
    assert {field["type"] for field in fields["readings"]} == {"string", "integer", "number", "any"}


def test_the_description_fits_the_tables(made: tuple[Archive, Path]) -> None:
    record = made[1] / "data" / "record"
    for resource in json.loads((record / "datapackage.json").read_text("utf-8"))["resources"]:
        names = [field["name"] for field in resource["schema"]["fields"]]
        for line in (record / resource["path"]).read_text("utf-8").splitlines():
            assert list(json.loads(line)) == names


# What describes it


def test_premis_names_every_file_with_its_fixity(made: tuple[Archive, Path]) -> None:
    bag = made[1]
    root = etree.parse(str(bag / "metadata/premis.xml")).getroot()
    schema_of("premis.rng").assertValid(root)
    lines = (bag / "manifest-sha512.txt").read_text("utf-8").splitlines()
    manifest = {name: digest for digest, name in (line.split("  ") for line in lines)}
    told = {
        each.findtext(f"{P}objectIdentifier/{P}objectIdentifierValue"): each.findtext(f".//{P}messageDigest")
        for each in root.iter(f"{P}object")
        if each.get("{http://www.w3.org/2001/XMLSchema-instance}type") == "file"
    }
    assert told == manifest
    sizes = {each.findtext(f".//{P}size") for each in root.iter(f"{P}objectCharacteristics")}
    assert str((bag / "data/originals/rec-1/rec-1.wav").stat().st_size) in sizes


def test_premis_tells_who_did_what(made: tuple[Archive, Path]) -> None:
    root = etree.parse(str(made[1] / "metadata/premis.xml")).getroot()
    agents = {
        each.findtext(f"{P}agentIdentifier/{P}agentIdentifierValue"): each.findtext(f"{P}agentName")
        for each in root.iter(f"{P}agent")
    }
    objects = {each.text for each in root.iter(f"{P}objectIdentifierValue")}
    events = []
    for each in root.iter(f"{P}event"):
        agent = each.findtext(f"{P}linkingAgentIdentifier/{P}linkingAgentIdentifierValue")
        assert {linked.text for linked in each.iter(f"{P}linkingObjectIdentifierValue")} <= objects
        events.append((each.findtext(f"{P}eventType"), agents[agent]))
    assert ("translation", "symposia translate fake") in events
    assert ("review", "Ana") in events
    assert ("review", "Ben <b>") in events
    assert events[-1] == ("information package creation", "symposia")
    notes = [each.text for each in root.iter(f"{P}otherRightsNote")]
    assert notes == ["The passage 'p07' is withheld: asked by the speaker"]


def test_catalogues_get_datacite_and_dublin_core(made: tuple[Archive, Path]) -> None:
    datacite = etree.parse(str(made[1] / "metadata/datacite.xml")).getroot()
    schema_of("datacite.rng").assertValid(datacite)
    core = etree.parse(str(made[1] / "metadata/dublin-core.xml")).getroot()
    schema_of("oai-dc.rng").assertValid(core)
    creators = [each.text for each in datacite.iter("{*}creatorName")]
    assert creators == ["Director (Japan)", "Productora (México)", "Ms. O'Hara; --"]
    assert [each.text for each in core.iter("{*}creator")] == creators
    assert datacite.findtext("{*}identifier") == "10.1234/abc"
    assert [each.text for each in core.iter("{*}language")] == ["ja", "es", "en", "ko"]


def test_provenance_leads_from_translation_to_recording(made: tuple[Archive, Path]) -> None:
    document = ProvDocument.deserialize(str(made[1] / "metadata/prov.json"), format="json")
    derived = {
        str(record.args[0]): str(record.args[1])
        for record in document.get_records()
        if record.get_type().localpart == "Derivation"
    }
    assert derived["sym:translation/p01/en"] == "sym:passage/p01"
    assert derived["sym:passage/p01"] == "sym:recording/rec-1"
    text = (made[1] / "metadata/prov.json").read_text("utf-8")
    assert '"sym:person/Ben%20%3Cb%3E"' in text


# And back


def test_a_restored_archive_is_the_same(made: tuple[Archive, Path], tmp_path: Path) -> None:
    archive, bag = made
    restore(bag, tmp_path / "again")
    with Archive.open(tmp_path / "again") as again:
        assert again.dump() == archive.dump()
        assert again.reviews() == archive.reviews()
        assert again.entries() == archive.entries()
        assert restrictions(again, everything=True) == restrictions(archive, everything=True)
        for each in archive.recordings():
            restored = Path(again.recording(each.id).path)
            assert restored.is_relative_to(tmp_path / "again" / "originals")
            assert restored.read_bytes() == Path(each.path).read_bytes()
        desk = ReviewDesk(again)
        of_first = [review for review in again.reviews() if review.passage_id == "p01"]
        for review in reversed(of_first):
            desk.undo(review.id, reviewer="Cem")
        assert again.entries_by_id(["p01"])["p01"].passage.text == "AI倫理委員会で議論しました。"
        assert [change.review.reviewer for change in desk.history("p01")][-1] == "Cem"


def test_a_restored_archive_is_searched_alike(made: tuple[Archive, Path], tmp_path: Path) -> None:
    restore(made[1], tmp_path / "again")
    with Archive.open(tmp_path / "again") as again:
        found = []
        for each in (made[0], again):
            index = SearchIndex.open(each, embed)
            found.append([hit.passage_id for hit in index.find(SearchQuery("ethics")).hits])
    assert found[0] == found[1]
    assert "p04" in found[0]
    assert "p07" not in found[0]  # it is withheld here and there


def test_a_restored_archive_packs_the_same_record(made: tuple[Archive, Path], tmp_path: Path) -> None:
    restore(made[1], tmp_path / "again")
    with Archive.open(tmp_path / "again") as again:
        deposit(again, tmp_path / "bag", WISHES)
    first, second = files(made[1] / "data"), files(tmp_path / "bag" / "data")
    assert first == second


def test_without_originals_the_rest_is_packed(made: tuple[Archive, Path], tmp_path: Path) -> None:
    deposit(made[0], tmp_path / "bag", replace(WISHES, originals=False))
    assert not (tmp_path / "bag/data/originals").exists()
    restore(tmp_path / "bag", tmp_path / "again")
    with Archive.open(tmp_path / "again") as again:
        assert again.dump() == made[0].dump()
        assert again.recording("rec-1").path == ""


def flipped(content: bytes, at: int, to: int) -> bytes:
    return content[:at] + bytes([to]) + content[at + 1 :]


@settings(max_examples=60)
@given(data=st.data())
def test_one_changed_byte_anywhere_is_found_and_named(
    made: tuple[Archive, Path], tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    bag = made[1]
    names = sorted(files(bag))
    beside = [name for name in names if not name.startswith("data/")]
    name = data.draw(st.sampled_from(beside) | st.sampled_from(names))
    path = bag / name
    before = path.read_bytes()
    if not before:
        return
    at = data.draw(st.integers(0, len(before) - 1))
    to = data.draw(
        st.integers(0, 255).map(lambda value: value) | st.sampled_from(sorted({before[at] ^ 0x20, 35, 10}))
    )
    if to == before[at]:
        return
    try:
        path.write_bytes(flipped(before, at, to))
        with pytest.raises(ArchiveError) as caught:
            restore(bag, tmp_path_factory.getbasetemp() / "never")
        assert name in str(caught.value) or path.name in str(caught.value)
    finally:
        path.write_bytes(before)
    assert not (tmp_path_factory.getbasetemp() / "never").exists()


def test_every_byte_of_the_tag_manifest_counts(made: tuple[Archive, Path], tmp_path: Path) -> None:
    bag = tmp_path / "bag"
    shutil.copytree(made[1], bag)
    path = bag / "tagmanifest-sha512.txt"
    before = path.read_bytes()
    for at, byte in enumerate(before[:140]):
        path.write_bytes(flipped(before, at, byte ^ 0x20))
        with pytest.raises(ArchiveError, match="tagmanifest-sha512"):
            restore(bag, tmp_path / "never")


@pytest.mark.parametrize("gone", ["data/originals/rec-1/rec-1.wav", "tagmanifest-sha512.txt", "bag-info.txt"])
def test_what_is_missing_is_named(made: tuple[Archive, Path], tmp_path: Path, gone: str) -> None:
    shutil.copytree(made[1], tmp_path / "bag")
    (tmp_path / "bag" / gone).unlink()
    with pytest.raises(ArchiveError, match=gone):
        restore(tmp_path / "bag", tmp_path / "never")


def test_a_file_too_many_in_the_payload_is_named(made: tuple[Archive, Path], tmp_path: Path) -> None:
    shutil.copytree(made[1], tmp_path / "bag")
    (tmp_path / "bag/data/tei/other.xml").write_text("<x/>")
    with pytest.raises(ArchiveError, match=r"data/tei/other\.xml"):
        restore(tmp_path / "bag", tmp_path / "never")


# Bad input


def test_places_that_hold_something_are_refused(made: tuple[Archive, Path], tmp_path: Path) -> None:
    archive, bag = made
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    for place in (tmp_path / "mine", tmp_path / "mine" / "letter.txt"):
        with pytest.raises(SymposiaError, match="nothing was written"):
            deposit(archive, place, WISHES)
        with pytest.raises(SymposiaError, match="nothing was written"):
            restore(bag, place)
    assert [p.name for p in tmp_path.rglob("*")] == ["mine", "letter.txt"]
    with pytest.raises(SymposiaError, match="cannot be made"):
        deposit(archive, tmp_path / "no" / "such" / "folder", WISHES)
    with pytest.raises(ArchiveError, match="no package"):
        restore(tmp_path / "mine", tmp_path / "new")
    with pytest.raises(ArchiveError, match="is no folder"):
        restore(tmp_path / "none", tmp_path / "new")


def test_a_full_disk_leaves_nothing(
    made: tuple[Archive, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "rec-1.tei.xml")

    monkeypatch.setattr(package, "_pack_copies", full)
    with pytest.raises(SymposiaError, match="No space left on device"):
        deposit(made[0], tmp_path / "bag", WISHES)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr("transcripts.deposit.restoring.read_tables", full)
    with pytest.raises(SymposiaError, match="No space left on device"):
        restore(made[1], tmp_path / "again")
    assert list(tmp_path.iterdir()) == []


def test_what_changes_meanwhile_is_not_packed_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with make(tmp_path / "archive") as archive:
        really = package._pack_tables

        def meanwhile(*arguments: Any) -> None:
            really(*arguments)
            restrict(archive, "speaker", "director", reason="asked", by="Ana")

        monkeypatch.setattr(package, "_pack_tables", meanwhile)
        with pytest.raises(ArchiveError, match="changed while it was packed"):
            deposit(archive, tmp_path / "bag", WISHES)
    assert not (tmp_path / "bag").exists()


def test_originals_have_to_be_there_and_the_same(tmp_path: Path) -> None:
    with make(tmp_path / "archive") as archive:
        sound = Path(archive.recording("rec-1").path)
        sound.write_bytes(sound.read_bytes()[:-1] + b"x")
        with pytest.raises(ArchiveError, match="is not the file that was heard"):
            deposit(archive, tmp_path / "bag", WISHES)
        sound.unlink()
        with pytest.raises(ArchiveError, match=r"rec-1\.wav.*--without-originals"):
            deposit(archive, tmp_path / "bag", WISHES)
    assert not (tmp_path / "bag").exists()


def test_odd_titles_names_and_passages_go_through(tmp_path: Path) -> None:
    panels = tuple(Panel(f"p/{n} \u202e", "Same / title", ("ko",), "", ("s",)) for n in (1, 2))
    conference = Conference("c", "", "en", panels, (Speaker("s", ""),))
    with Archive.open(tmp_path / "archive", create=True) as archive:
        archive.set_conference(conference)
        for panel in panels:
            sound = tmp_path / f"same name {panel.id[2]}.wav"
            sound.write_bytes(b"RIFF")
            passage = Passage(f"../{panel.id}", f"r:{panel.id}", 0, Span(0, 1), "s", "S1", "ko", "👩‍💻")
            archive.keep(
                Recording(f"r:{panel.id}", panel.id, str(sound), hash_of_file(sound, "sha256"), 1.0),
                RecordingLayers(passages=(passage,)),
                (),
            )
        deposit(archive, tmp_path / "bag", Wishes())
        restore(tmp_path / "bag", tmp_path / "again")
        with Archive.open(tmp_path / "again") as again:
            assert again.dump() == archive.dump()
    for name in ("premis", "datacite"):
        schema_of(f"{name}.rng").assertValid(etree.parse(str(tmp_path / f"bag/metadata/{name}.xml")))


@pytest.mark.parametrize(
    "name", ["rec 2.ko.srt", "a:b.ko.srt", ".hidden.srt", "라.srt", "x" * 230 + ".srt", "a\u2028b.srt"]
)
def test_captions_of_any_name_are_found_again(tmp_path: Path, name: str) -> None:
    with make(tmp_path / "archive") as archive:
        before = archive.recording("rec-2")
        path = Path(before.path).rename(Path(before.path).with_name(name))
        read = StageRecord(f"file:0:{name}", "file-key", hash_of_file(path, "sha256"))
        archive.keep(replace(before, path=str(path)), archive.layers("rec-2"), (read,))
        deposit(archive, tmp_path / "bag", WISHES)
    restore(tmp_path / "bag", tmp_path / "again")
    with Archive.open(tmp_path / "again") as again:
        assert list(original_faults(again, lambda _: None)) == []
        assert list(stray_files(again)) == []
        assert Path(again.recording("rec-2").path).suffix == ".srt"


def test_captions_beside_sound_are_packed_and_restored(tmp_path: Path) -> None:
    archive = make(tmp_path / "archive")
    (heard,) = [each for each in archive.recordings() if each.id == "rec-1"]
    captions = Path(heard.path).with_name("rec-1.ja.vtt")
    captions.write_text("WEBVTT\n\n00:00.000 --> 00:02.000\nAI倫理\n", encoding="utf-8")
    read = StageRecord("file:0:rec-1.ja.vtt", "key", hash_of_file(captions, "sha256"))
    elsewhere = StageRecord("file:1:rec-1.en.vtt", "key", "0" * 64)
    archive.keep(heard, layers("rec-1"), (*STAGES, translated("rec-1"), read, elsewhere))
    deposit(archive, tmp_path / "bag", Wishes())
    packed = tmp_path / "bag" / "data" / "originals" / "rec-1" / "rec-1.ja.vtt"
    assert packed.read_bytes() == captions.read_bytes()
    restore(tmp_path / "bag", tmp_path / "again")
    with Archive.open(tmp_path / "again") as again:
        assert again.dump() == archive.dump()
        assert sum(each.path.name == "rec-1.ja.vtt" for each in originals(again)) == 1
        assert list(stray_files(again)) == []
    captions.write_text("WEBVTT\n", encoding="utf-8")
    assert [fault.what.split(",")[0] for fault in original_faults(archive, lambda size: None)] == [
        str(captions)
    ]
    archive.close()


def test_an_archive_without_passages_can_be_kept_too(tmp_path: Path) -> None:
    with Archive.open(tmp_path / "archive", create=True) as archive:
        deposit(archive, tmp_path / "nothing", Wishes())
        archive.set_conference(CONFERENCE)
        archive.fail(
            "rec-9", "opening", "/media/rec-9.wav", "probe", "/media/rec-9.wav is empty", "symposia run"
        )
        deposit(archive, tmp_path / "bag", Wishes())
        (failure,) = table_rows(tmp_path / "bag/data/record", "failures")
        assert (failure["path"], failure["reason"]) == ("rec-9.wav", "rec-9.wav is empty")
        restore(tmp_path / "bag", tmp_path / "again")
        with Archive.open(tmp_path / "again") as again:
            assert again.dump() == archive.dump()


def test_commands_say_what_they_did(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make(tmp_path / "archive").close()
    with pytest.raises(ConfigurationError, match="is no DOI"):
        deposit_archive(tmp_path / "archive", tmp_path / "bag", Wishes(doi="https://doi.org/10.1/x"))
    deposit_archive(tmp_path / "archive", tmp_path / "bag", WISHES)
    restore_archive(tmp_path / "bag", tmp_path / "again")
    said = capsys.readouterr().err
    assert "packed" in said
    assert "1 panels, speakers or passages are withheld" in said
    assert "2 recordings, 8 passages" in said


def test_another_bag_is_told_from_ours(tmp_path: Path) -> None:
    (tmp_path / "bag").mkdir()
    (tmp_path / "bag" / "letter.txt").write_text("dear")
    bagit.make_bag(str(tmp_path / "bag"), checksums=["sha512"])
    with pytest.raises(ArchiveError, match="holds no archive of symposia"):
        restore(tmp_path / "bag", tmp_path / "again")
    assert not (tmp_path / "again").exists()


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2),
    max_leaves=3,
)


@settings(max_examples=80)
@given(data=st.data(), value=values)
def test_rows_of_nonsense_are_told_with_file_and_line(
    made: tuple[Archive, Path], tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, value: object
) -> None:
    """Whoever makes such a package has made its checksums too."""
    record = tmp_path_factory.getbasetemp() / "nonsense"
    if not record.exists():
        shutil.copytree(made[1] / "data" / "record", record)
    path = record / f"{data.draw(st.sampled_from(['recordings', 'readings', 'embeddings', 'meta']))}.jsonl"
    before = path.read_text("utf-8")
    first, *rest = before.splitlines()
    row = json.loads(first)
    row[data.draw(st.sampled_from(sorted(row)))] = value
    path.write_text("\n".join([json.dumps(row), *rest]) + "\n", "utf-8")
    told = ""
    try:
        with Archive.in_memory() as archive, archive.writing() as connection:
            connection.execute(schema.meta.delete())
            read_tables(connection, record, {})
    except ArchiveError as error:
        told = str(error)
    finally:
        path.write_text(before, "utf-8")
    assert not told or path.name in told or "do not fit together" in told


def test_tables_of_another_version_are_refused(
    made: tuple[Archive, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "SCHEMA_VERSION", schema.SCHEMA_VERSION + 1)
    with pytest.raises(ArchiveError, match="tables of version"):
        restore(made[1], tmp_path / "again")


# Hostile text in what describes a package

lines = st.one_of(hostile_texts, st.text(max_size=20))


@settings(max_examples=40)
@given(title=lines, name=lines, ident=lines.filter(bool), reviewer=lines, reason=lines, publisher=lines)
def test_descriptions_are_valid_whatever_people_write(
    title: str, name: str, ident: str, reviewer: str, reason: str, publisher: str
) -> None:
    panel = Panel(ident, title, ("ja",), "", (ident,))
    made = Contents(
        Wishes(publisher, "", reason),
        "2026-01-01",
        "ab" * 16,
        (Conference(ident, title, "en", (panel,), (Speaker(ident, name),)),),
        (),
        (replace(recording("rec-1"), id=ident, panel_id=ident),),
        {},
        {},
        (Said(ident, ident, "", (reviewer,)),),
        (Reviewed(ident, reviewer, 1, "2026-01-01T10:00:00+00:00", "2026-01-02T10:00:00+00:00"),),
        (Restriction("panel", ident, reason, "", reviewer, "2026-01-01"),),
        (PackedFile("data/x.vtt", 1, "0" * 128, ident),),
    )
    written = {name: write(made) for name, write in DESCRIPTIONS.items()}
    for known in ("premis", "datacite"):
        schema_of(f"{known}.rng").assertValid(etree.fromstring(written[f"metadata/{known}.xml"]))
    schema_of("oai-dc.rng").assertValid(etree.fromstring(written["metadata/dublin-core.xml"]))
    ProvDocument.deserialize(content=written["metadata/prov.json"].decode(), format="json")
    assert "WHAT THIS IS" in written["README.txt"].decode()
