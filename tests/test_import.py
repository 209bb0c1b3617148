"""`symposia import`: what comes back is what was exported, what was edited becomes a correction, and
nothing that anybody wrote is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from sample_archive import CONFERENCE, STAGES, fill, layers, recording
from sample_documents import hostile_texts
from typer.testing import CliRunner

from flows.cli import app
from transcripts import rights
from transcripts.archive import Archive, RecordingLayers
from transcripts.document import documents
from transcripts.errors import ArchiveError, FormatError
from transcripts.formats.offers import read_offers
from transcripts.formats.writers import WRITERS
from transcripts.importing import Correction, Plan, apply, plan
from transcripts.records import Passage, Recording, Span
from transcripts.review import ReviewDesk

PANELS = ("opening", 'o\'neill "b"')
FORMATS = ("srt", "vtt", "tei", "exb", "eaf", "jsonl")


@pytest.fixture
def archive() -> Iterator[Archive]:
    with Archive.in_memory() as fresh:
        yield fill(fresh)


def exported(
    archive: Archive, place: Path, form: str, panel: str = "opening", track: str = "original"
) -> Path:
    files = WRITERS[form](documents(archive, panel))
    file = next(each for each in files if each.track in ("", track))
    path = place / file.name
    path.write_bytes(file.content.encode() if isinstance(file.content, str) else file.content)
    return path


def planned(archive: Archive, path: Path, panel: str = "opening", track: str | None = None) -> Plan:
    return plan(archive, panel, read_offers(path, track))


def edit(path: Path, *changes: tuple[str, str]) -> None:
    text = path.read_bytes().decode()
    for before, after in changes:
        assert text.count(before) >= 1, before
        text = text.replace(before, after)
    path.write_bytes(text.encode())


@pytest.mark.parametrize("panel", PANELS)
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("track", ["original", "en"])
def test_what_was_exported_corrects_nothing(
    archive: Archive, tmp_path: Path, form: str, panel: str, track: str
) -> None:
    found = planned(archive, exported(archive, tmp_path, form, panel, track), panel)
    assert (found.corrections, found.misplaced) == ((), ())
    assert found.unmentioned == 0 or track == "en"


@pytest.mark.parametrize("form", FORMATS)
def test_an_edited_text_is_a_correction(archive: Archive, tmp_path: Path, form: str) -> None:
    path = exported(archive, tmp_path, form)
    edit(path, ("en los", "en todos los"))
    (correction,) = planned(archive, path).corrections
    assert (correction.passage_id, correction.field, correction.conflict) == ("p03", "text", "")
    assert correction.after == "La producción audiovisual en todos los pueblos."
    assert apply(archive, [correction], "ana") == (correction,)
    assert archive.entries_by_id(["p03"])["p03"].passage.text == correction.after
    assert planned(archive, path).corrections == ()
    assert ReviewDesk(archive).history("p03")[0].review.reviewer == "ana"


@pytest.mark.parametrize("form", ["vtt", "srt"])
def test_an_edited_translation_is_known_by_its_track(archive: Archive, tmp_path: Path, form: str) -> None:
    path = exported(archive, tmp_path, form, track="en")
    edit(path, ("villages", "small villages"))
    (correction,) = planned(archive, path).corrections
    assert (correction.field, correction.after) == ("translation", "Production in the small villages.")
    moved = path.rename(tmp_path / f"translated.{form}")
    assert planned(archive, moved, track="en").corrections == (correction,)


@pytest.mark.parametrize("form", ["tei", "eaf", "exb", "jsonl"])
def test_every_layer_of_an_exact_format_can_be_corrected(archive: Archive, tmp_path: Path, form: str) -> None:
    path = exported(archive, tmp_path, form)
    edit(path, ("Ethics is no ornament", "Ethics are no ornament"))
    (correction,) = planned(archive, path).corrections
    assert correction == Correction(
        "p04", "translation", "Ethics is no ornament of the script.", "Ethics are no ornament of the script."
    )


@pytest.mark.parametrize("form", ["tei", "eaf", "exb", "jsonl"])
def test_exact_formats_give_back_every_layer(archive: Archive, tmp_path: Path, form: str) -> None:
    found = read_offers(exported(archive, tmp_path, form), None)
    remarks = documents(archive, "opening")[0].remarks
    assert found.recording_id == "rec-1"
    assert sorted((offer.passage_id, offer.span, offer.text, offer.language) for offer in found.offers) == [
        (each.id, Span(round(each.span.start_s, 3), round(each.span.end_s, 3)), each.text, each.language)
        for each in remarks
    ]
    rest = {each.passage_id: (each.speaker, dict(each.translations), each.themes) for each in found.offers}
    assert rest == {
        each.id: (
            each.speaker_id or each.speaker,
            {said.language: said.text for said in each.renderings},
            frozenset(theme.id for theme in each.themes),
        )
        for each in remarks
    }


def test_json_lines_correct_speaker_language_times_and_themes(archive: Archive, tmp_path: Path) -> None:
    path = exported(archive, tmp_path, "jsonl")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    rows[2] |= {"speaker_id": "director", "language": "pt", "start_s": 30.5, "end_s": 33, "themes": []}
    rows[3]["themes"] = [{"id": "o'future"}, {"id": "unheard of"}]
    rows[4] |= {"speaker_id": None, "speaker": "Nobody we know"}
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    found = planned(archive, path)
    assert [(each.passage_id, each.field, each.after) for each in found.corrections] == [
        ("p03", "speaker", "director"), ("p03", "language", "pt"),
        ("p03", "end_s", "33.000"), ("p03", "start_s", "30.500"),
        ("p04", "theme:ethics", "False"), ("p04", "theme:o'future", "True"),
    ]  # fmt: skip
    assert found.misplaced == ("40.000 s: 'Nobody we know' is no speaker of the conference",)
    assert all(not each.conflict for each in apply(archive, found.corrections, "ana"))
    assert planned(archive, path).corrections == ()


def test_captions_keep_the_blanks_that_they_cannot_hold(archive: Archive, tmp_path: Path) -> None:
    ReviewDesk(archive).correct("p01", "text", "AI 倫理 委員会で  議論しました。終わりです。", reviewer="ana")
    path = exported(archive, tmp_path, "srt")
    assert planned(archive, path).corrections == ()
    edit(path, ("終わり", "始まり"))
    (correction,) = planned(archive, path).corrections
    assert correction.after == "AI 倫理 委員会で  議論しました。始まりです。"


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_older_than_a_correction_is_refused_and_told(
    archive: Archive, tmp_path: Path, form: str
) -> None:
    path = exported(archive, tmp_path, form)
    ReviewDesk(archive).correct("p03", "text", "La producción audiovisual rural.", reviewer="ben")
    edit(path, ("en los", "en todos los"))
    found = planned(archive, path)
    (correction,) = found.corrections
    assert correction.conflict == "the file is older than what ben changed (change 1)"
    assert apply(archive, found.corrections, "ana") == (correction,)
    assert archive.entries_by_id(["p03"])["p03"].passage.text == "La producción audiovisual rural."


def test_what_changes_between_list_and_apply_is_refused(archive: Archive, tmp_path: Path) -> None:
    path = exported(archive, tmp_path, "vtt")
    edit(path, ("en los", "en todos los"))
    found = planned(archive, path)
    ReviewDesk(archive).correct("p03", "text", "Otra cosa.", reviewer="ben")
    (done,) = apply(archive, found.corrections, "ana")
    assert "another person has changed the text" in done.conflict
    assert archive.entries_by_id(["p03"])["p03"].passage.text == "Otra cosa."


def test_what_is_withheld_is_not_corrected(archive: Archive, tmp_path: Path) -> None:
    path = exported(archive, tmp_path, "tei")
    edit(path, ("en los", "en todos los"))
    rights.restrict(archive, "passage", "p03", reason="asked", by="ana")
    found = planned(archive, path)
    assert found.corrections == ()
    assert len(found.misplaced) == 1
    assert "is of no passage" in found.misplaced[0]


def test_whisper_and_whisperx_transcripts_are_matched_by_time_and_text(
    archive: Archive, tmp_path: Path
) -> None:
    said = [entry.passage for entry in archive.entries() if entry.passage.recording_id == "rec-1"]
    segments = [
        {"id": n, "start": each.span.start_s + 0.3, "end": each.span.end_s - 0.2, "text": f" {each.text}",
         "speaker": "SPEAKER_00", "words": [{"word": each.text, "start": 0.0, "end": 1.0, "score": 0.5}]}
        for n, each in enumerate(said)
    ]  # fmt: skip
    segments[2]["text"] = " La producción audiovisual en esos pueblos."
    both = {"start": 31.0, "end": 48.0, "text": f"{said[3].text} {said[4].text}"}
    lost = {"start": 90.0, "end": 95.0, "text": "applause"}
    path = tmp_path / "whisper.json"
    path.write_text(json.dumps({"segments": [*segments, both, lost], "language": "es"}), encoding="utf-8")
    found = planned(archive, path)
    assert [(each.passage_id, each.after) for each in found.corrections] == [
        ("p03", "La producción audiovisual en esos pueblos.")
    ]
    assert [words.split(" is of ")[1] for words in found.misplaced] == [
        "several passages (p04, p05)",
        "no passage",
    ]


def test_a_panel_of_several_recordings_needs_a_file_that_says_which(archive: Archive, tmp_path: Path) -> None:
    path = exported(archive, tmp_path, "srt")
    second = replace(recording("rec-2"), panel_id="opening")
    archive.keep(second, layers("rec-2"), STAGES)
    with pytest.raises(FormatError, match=r"several recordings \(rec-1, rec-2\)"):
        planned(archive, path)
    assert planned(archive, exported(archive, tmp_path, "vtt")).corrections == ()
    with pytest.raises(ArchiveError, match="no panel 'closing'"):
        planned(archive, path, "closing")


def test_a_file_of_several_recordings_corrects_each_by_its_own_lines(
    archive: Archive, tmp_path: Path
) -> None:
    archive.keep(replace(recording("rec-2"), panel_id="opening"), layers("rec-2"), STAGES)
    path = exported(archive, tmp_path, "jsonl")
    found = planned(archive, path)
    assert (found.corrections, found.misplaced, found.unmentioned) == ((), (), 0)
    edit(path, ("en los", "en todos los"), ("판소리를", "판소리도"))
    assert [(each.passage_id, each.field) for each in planned(archive, path).corrections] == [
        ("p03", "text"),
        ("p06", "text"),
    ]


@pytest.mark.parametrize("form", ["vtt", "tei", "exb", "eaf", "jsonl"])
def test_a_recording_that_is_withheld_gets_into_no_other(archive: Archive, tmp_path: Path, form: str) -> None:
    path = exported(archive, tmp_path, form, PANELS[1])
    archive.keep(replace(recording("rec-2"), panel_id="opening"), layers("rec-2"), STAGES)
    for passage_id in ("p06", "p07", "p08"):
        rights.restrict(archive, "passage", passage_id, reason="asked", by="ana")
    with pytest.raises(FormatError, match=r"several recordings \(rec-1, rec-2\)"):
        planned(archive, exported(archive, tmp_path, "srt"))
    with pytest.raises(FormatError, match="of rec-2, and panel 'opening' has rec-1: name the panel"):
        planned(archive, path)


@pytest.mark.parametrize("form", ["vtt", "tei", "exb", "eaf", "jsonl"])
def test_a_file_of_another_panel_corrects_nothing(archive: Archive, tmp_path: Path, form: str) -> None:
    path = exported(archive, tmp_path, form, PANELS[1])
    with pytest.raises(
        FormatError, match="the file is of rec-2, and panel 'opening' has rec-1: name the panel"
    ):
        planned(archive, path)


def test_lines_of_other_panels_are_told_and_left_out(archive: Archive, tmp_path: Path) -> None:
    (file,) = WRITERS["jsonl"](documents(archive))
    path = tmp_path / file.name
    path.write_text(str(file.content), encoding="utf-8")
    edit(path, ("en los", "en todos los"), ("판소리를", "판소리도"))
    found = planned(archive, path)
    assert [each.passage_id for each in found.corrections] == ["p03"]
    assert found.misplaced == ("3 pieces are of rec-2, not of this panel",)


def said(archive: Archive, *texts: tuple[float, float, str]) -> Archive:
    """The archive with these texts as what is said in the opening panel, from when to when."""
    archive.set_conference(CONFERENCE)
    passages = (
        Passage(f"rec-1-{n}", "rec-1", n, Span(start_s, end_s), "director", "S1", "es", text)
        for n, (start_s, end_s, text) in enumerate(texts)
    )
    heard = Recording("rec-1", "opening", "a.wav", "ab" * 32, 600.0)
    archive.keep(heard, RecordingLayers(passages=tuple(passages)), STAGES)
    return archive


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_withheld_gets_into_no_passage_beside_it(tmp_path: Path, form: str) -> None:
    with Archive.in_memory() as archive:
        said(
            archive,
            (0.0, 10.0, "Hola a todos los presentes."),
            (9.9, 20.0, "El secreto que no debe salir."),
            (19.9, 30.0, "Gracias por venir."),
        )
        path = exported(archive, tmp_path, form)
        rights.restrict(archive, "passage", "rec-1-1", reason="asked", by="ana")
        found = planned(archive, path)
        assert found.corrections == ()
        assert found.misplaced == ("9.900 s: 'El secreto que no debe salir.' is of no passage",)
        edit(path, ("El secreto", "Un secreto"))
        assert planned(archive, path).corrections == ()


def test_captions_that_come_late_are_of_what_they_say(tmp_path: Path) -> None:
    texts = """
        La luz que entra por esa ventana nos dice la hora del día mejor que un reloj.
        Cuando empezamos a rodar nadie creía que una máquina pudiera escribir un diálogo.
        Hoy los guionistas jóvenes discuten con ella como con un compañero de mesa.
        Sí.
        El sonido, en cambio, lo seguimos grabando en la calle, con gente de verdad.
        Quien monta una película decide qué se recuerda y qué se olvida para siempre.
        La memoria de un pueblo no cabe en los archivos de ninguna empresa extranjera.
        Gracias.
    """.strip().splitlines()
    times = [(2.0 * n, 2.0 * n + 2.0, text.strip()) for n, text in enumerate(texts)]
    with Archive.in_memory() as archive:
        path = exported(said(archive, *times), tmp_path, "srt")
        found = planned(archive, path)
        assert (found.corrections, found.misplaced, found.unmentioned) == ((), (), 0)
        edit(path, ("La memoria", "Toda la memoria"))
        (correction,) = planned(archive, path).corrections
        assert correction.passage_id == "rec-1-6"
        assert correction.after.startswith("Toda la memoria de un pueblo no cabe")


@pytest.mark.parametrize("with_layers", [True, False])
def test_a_passage_that_was_divided_in_an_editor_keeps_its_time(
    archive: Archive, tmp_path: Path, with_layers: bool
) -> None:
    path = exported(archive, tmp_path, "exb")
    text = "La producción audiovisual en los pueblos."
    edit(
        path,
        ('<tli id="T5"', '<tli id="cut"/><tli id="T5"'),
        (
            f'<event start="T4" end="T5">{text}</event>',
            '<event start="T4" end="cut">La producción audiovisual </event>'
            '<event start="cut" end="T5">en los pueblos.</event>',
        ),
    )
    root = etree.parse(path).getroot()
    for tier in root.iterfind(".//tier[@type='a']"):  # what is said of the whole begins with its first part
        for event in tier.iterfind("event[@start='T4']") if with_layers else ():
            event.set("end", "cut")
    etree.ElementTree(root).write(path, encoding="utf-8")
    found = planned(archive, path)
    assert (found.corrections, found.misplaced, found.unmentioned) == ((), (), 0)


def test_times_that_an_editor_left_open_lie_between_their_neighbours(tmp_path: Path) -> None:
    path = tmp_path / "a.eaf"
    path.write_text(
        '<ANNOTATION_DOCUMENT><TIME_ORDER><TIME_SLOT TIME_SLOT_ID="a" TIME_VALUE="1000"/>'
        '<TIME_SLOT TIME_SLOT_ID="b"/><TIME_SLOT TIME_SLOT_ID="c" TIME_VALUE="4000"/></TIME_ORDER>'
        '<TIER TIER_ID="S1"><ALIGNABLE_ANNOTATION TIME_SLOT_REF1="a" TIME_SLOT_REF2="b">'
        "<ANNOTATION_VALUE>one</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></TIER></ANNOTATION_DOCUMENT>",
        encoding="utf-8",
    )
    (offer,) = read_offers(path, None).offers
    assert offer.span == Span(1.0, 2.5)


def test_line_breaks_of_an_xml_editor_are_no_correction(archive: Archive, tmp_path: Path) -> None:
    path = exported(archive, tmp_path, "tei")
    edit(path, (" audiovisual en los", "\n          audiovisual en los"))
    assert planned(archive, path).corrections == ()
    edit(path, ("audiovisual en los", "audiovisual en todos los"))
    (correction,) = planned(archive, path).corrections
    assert correction.after == "La producción audiovisual en todos los pueblos."


def test_a_name_that_ends_in_no_track_is_told(archive: Archive, tmp_path: Path) -> None:
    path = exported(archive, tmp_path, "srt")
    for name, told in (("opening.wav.srt", "'wav'"), ("opening.old.srt", "'old'")):
        renamed = path.rename(tmp_path / name)
        with pytest.raises(
            FormatError, match=rf"{told} or translated into it.*--track: original, en, ja, es"
        ):
            planned(archive, renamed)
        assert planned(archive, renamed, track="original").corrections == ()
        path = renamed


@settings(max_examples=12)
@given(
    text=hostile_texts,
    form=st.sampled_from(("tei", "eaf", "exb")),
)
def test_hostile_texts_come_back_to_the_letter(
    tmp_path_factory: pytest.TempPathFactory, text: str, form: str
) -> None:
    with Archive.in_memory() as archive:
        fill(archive)
        try:
            ReviewDesk(archive).correct("p03", "text", text, reviewer="ana")
        except ArchiveError:  # no text that an archive takes
            return
        found = planned(archive, exported(archive, tmp_path_factory.mktemp("hostile"), form))
        for each in found.corrections:  # only what XML cannot hold
            assert each.field == "text"
            assert "".join(c for c in each.before if c.isprintable()) == "".join(
                c for c in each.after if c.isprintable()
            )


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.xml", "<html/>", "XML of a kind that is not known"),
        ("a.xml", "<TEI", "is no XML"),
        ("a.json", "{", "neither JSON nor JSON lines"),
        ("a.json", '{"segments": [{}]}', "lacks what its format needs"),
        ("a.jsonl", '{"text": "x"}', "lacks what its format needs"),
        ("a.jsonl", '{"start_s": 0, "end_s": 1, "text": null}', "a text cannot be None"),
        ("a.json", '{"segments": [{"start": 0, "end": 1, "text": 5}]}', "a text cannot be 5"),
        ("a.eaf", "<ANNOTATION_DOCUMENT><TIER><ALIGNABLE_ANNOTATION/></TIER></ANNOTATION_DOCUMENT>",
         "lacks what its format needs"),
        ("a.srt", "hello", "holds no captions"),
        ("a.srt", "", "is empty"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told(tmp_path: Path, name: str, content: str, told: str) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(FormatError, match=told) as raised:
        read_offers(path, None)
    assert name in str(raised.value)
    with pytest.raises(FormatError, match="cannot be read"):
        read_offers(tmp_path / "nothing.srt", None)
    with pytest.raises(FormatError, match="is a folder"):
        read_offers(tmp_path, None)


def test_entities_of_a_file_are_not_fetched(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hidden", encoding="utf-8")
    path = tmp_path / "a.exb"
    path.write_text(
        f'<!DOCTYPE x [<!ENTITY e SYSTEM "{(tmp_path / "secret").as_uri()}">]>'
        "<basic-transcription><basic-body>"
        '<common-timeline><tli id="T0" time="0"/><tli id="T1" time="1"/></common-timeline>'
        '<tier id="a" category="v" type="t"><event start="T0" end="T1">a&e;b</event></tier>'
        "</basic-body></basic-transcription>",
        encoding="utf-8",
    )
    assert "hidden" not in str(read_offers(path, None))


def test_the_command_lists_first_and_changes_when_told(tmp_path: Path) -> None:
    with Archive.open(tmp_path / "archive", create=True) as archive:
        path = exported(fill(archive), tmp_path, "vtt")
    edit(path, ("en los", "en todos los"))
    command = [
        "import",
        str(path),
        "--archive",
        str(tmp_path / "archive"),
        "--panel",
        "opening",
        "--reviewer",
        "ana",
    ]
    done = CliRunner().invoke(app, command)
    assert "p03 text: 'La producción audiovisual en los pueblos.' -> 'La producción" in done.output
    assert "1 corrections would be made with --apply, 0 refused" in done.output
    with Archive.open(tmp_path / "archive") as archive:
        assert archive.reviews() == ()
    done = CliRunner().invoke(app, [*command, "--apply"])
    assert (
        "1 corrections made, 0 refused, 0 left out; 0 passages are not in the file and stay." in done.output
    )
    with Archive.open(tmp_path / "archive") as archive:
        assert [review.reviewer for review in archive.reviews()] == ["ana"]
