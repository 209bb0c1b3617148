"""The conference file: what is accepted, every mistake told at once, and every key documented."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import PydanticUndefined

from flows.config import (
    CaptionEntry,
    Conference,
    GlossaryEntry,
    HeardEntry,
    PanelEntry,
    Source,
    SpeakerEntry,
    load_conference,
)
from flows.profiles import EmbeddingProfile, Profile, SpeakersProfile, SpeechProfile, TranslationProfile
from flows.yamlfile import Described, configs_dir, read_yaml
from transcripts.errors import ConfigurationError
from transcripts.records import Panel, Speaker

HEAD = "id: c\ntitle: C\ntarget_language: en\n"
PANELS = "panels: [{id: p, title: P, languages: [ja], recording: p.opus}]\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two recordings, captions, an enrolment clip and themes, all without content."""
    for name in ("p.opus", "q.opus", "p.srt", "voice.wav", "themes.yaml"):
        (tmp_path / name).touch()
    return tmp_path


def load(folder: Path, text: str | bytes) -> Conference:
    path = folder / "conference.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_conference(path)


def told(folder: Path, text: str | bytes) -> list[str]:
    """The lines of the error, without the folder in them."""
    with pytest.raises(ConfigurationError) as error:
        load(folder, text)
    return str(error.value).replace(f"{folder}/", "").splitlines()


def test_the_smallest_file_with_a_recording(folder: Path) -> None:
    conference = load(folder, HEAD + PANELS)
    assert conference.sources == (Source("p", "p", folder / "p.opus"),)
    assert conference.panel_records() == (Panel("p", "P", ("ja",)),)
    assert conference.speaker_records() == ()
    assert conference.themes == configs_dir() / "themes.yaml"


@pytest.mark.parametrize("languages", ["", "languages: [ko], "])
def test_the_smallest_file_with_captions(folder: Path, languages: str) -> None:
    caption = "{path: p.srt, language: ko}"
    conference = load(folder, HEAD + f"panels: [{{id: p, title: P, {languages}captions: [{caption}]}}]")
    assert conference.panels[0].languages == ("ko",)
    assert conference.sources == (
        Source("p", "p", None, (CaptionEntry.model_construct(path=folder / "p.srt", language="ko"),)),
    )
    assert conference.source("p") is conference.sources[0]
    with pytest.raises(ConfigurationError, match="'c' has no recording 'p-2'"):
        conference.source("p-2")


def test_a_full_file_becomes_records(folder: Path) -> None:
    conference = load(
        folder,
        HEAD
        + f"""
themes: {folder}/themes.yaml
speakers:
  - {{id: d, name: Director (Japan), affiliation: A studio, languages: [ja, en], enrolment: ./voice.wav}}
  - {{id: e, name: "2001"}}
glossary:
  - {{id: noto, kind: place, forms: {{ja: [能登, のと], en: Noto}}}}
panels:
  - id: p
    title: P
    held_on: 2025-10-28
    languages: [no, ja, no]
    speakers: [e]
    recordings: [p.opus, q.opus]
  - {{id: q, title: Q, languages: [ko], recording: q.opus, captions: [{{path: p.srt, language: ko}}]}}
""",
    )
    assert conference.speaker_records() == (
        Speaker("d", "Director (Japan)", "A studio", ("ja", "en")),
        Speaker("e", "2001"),
    )
    assert conference.speakers[0].enrolment == folder / "voice.wav"
    assert dict(conference.glossary[0].forms) == {"ja": ("能登", "のと"), "en": ("Noto",)}
    assert conference.panels[0].held_on == date(2025, 10, 28)
    assert conference.panel_records() == (
        Panel("p", "P", ("no", "ja"), "2025-10-28", ("e",)),
        Panel("q", "Q", ("ko",), "", ("d", "e")),
    )
    assert [(each.recording_id, each.path) for each in conference.sources] == [
        ("p", folder / "p.opus"),
        ("p-2", folder / "q.opus"),
        ("q", folder / "q.opus"),
    ]
    assert [len(each.captions) for each in conference.sources] == [0, 0, 1]


def test_a_glossary_in_another_order_is_the_same_for_translations(folder: Path) -> None:
    lines = ["  - {id: noto, kind: place, forms: {en: Noto}}", "  - {id: cut, kind: term, forms: {en: cut}}"]
    panels = "\npanels: [{id: p, title: P, languages: [ja], recording: p.opus}]\n"
    read = [load(folder, HEAD + "\nglossary:\n" + "\n".join(each) + panels) for each in (lines, lines[::-1])]
    assert read[0].terms().entries == read[1].terms().entries
    assert [each.id for each in read[0].terms().entries] == ["cut", "noto"]


def test_a_conference_is_never_changed(folder: Path) -> None:
    conference = load(folder, HEAD + PANELS)
    with pytest.raises(ValueError, match="frozen"):
        conference.title = "another"


def test_paths_start_from_the_folder_of_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "conference.yaml").write_text(HEAD + PANELS, encoding="utf-8")
    monkeypatch.chdir(folder.parent)
    conference = load_conference(Path(folder.name) / "conference.yaml")
    assert conference.panels[0].recording == folder / "p.opus"


def test_every_mistake_is_told_at_once_with_its_place_and_remedy(folder: Path) -> None:
    lines = told(
        folder,
        """\
id: My Conference
titel: C
target_language: Japanese
speakers:
  - {id: s, name: 7, languages: [xx], enrolment: voice.mp3}
  - {id: s, name: S}
glossary:
  - {id: g, kind: movie, forms: {en: [a, 3], zz: x, es: []}}
panels:
  - id: p
    title: P
    languages: ja
    recording: p.opu
    held_on: 2025
    speakers: [t]
  - {id: p, title: [P], languages: [ja], captions: [{path: ., language: ko}]}
  - {id: q, title: Q}
  - not a panel
""",
    )
    assert lines == [
        "conference.yaml:1: id: 'My Conference' cannot be an id, which is written into links and file names: "
        "use up to 80 of a-z, 0-9, '.', '_' and '-', such as 'my-conference'.",
        "conference.yaml:1: title: is missing: add it (the name of the conference).",
        "conference.yaml:2: titel: unknown key, did you mean 'title'?",
        "conference.yaml:3: target_language: unknown language 'Japanese': write 'ja'.",
        "conference.yaml:5: speakers[0].name: must be text, not 7: put it in quotes.",
        "conference.yaml:5: speakers[0].languages[0]: unknown language 'xx': "
        "use a two-letter ISO 639-1 code such as 'ja', 'fa' or 'en'.",
        "conference.yaml:5: speakers[0].enrolment: voice.mp3 does not exist, did you mean 'voice.wav'?",
        "conference.yaml:6: speakers[1].id: 's' is already the id of speakers[0]: give each its own.",
        "conference.yaml:8: glossary[0].kind: 'movie' is not known: "
        "choose from 'person', 'film', 'organisation', 'place' or 'term'.",
        "conference.yaml:8: glossary[0].forms.en[1]: must be text, not 3: put it in quotes.",
        "conference.yaml:8: glossary[0].forms.zz: unknown language 'zz': "
        "use a two-letter ISO 639-1 code such as 'ja', 'fa' or 'en'.",
        "conference.yaml:8: glossary[0].forms.es: must not be empty: "
        "fill it in, or remove the key if it is optional.",
        "conference.yaml:12: panels[0].languages: must be a list, not 'ja': "
        "write it as [...] or on lines that begin with '- '.",
        "conference.yaml:13: panels[0].recording: p.opu does not exist, did you mean 'p.opus'?",
        "conference.yaml:14: panels[0].held_on: 2025 is not a date: write it as 2025-10-28.",
        "conference.yaml:15: panels[0].speakers[0]: there is no speaker 't': "
        "describe this speaker under 'speakers' first.",
        "conference.yaml:16: panels[1].id: 'p' is already the id of panels[0]: give each its own.",
        "conference.yaml:16: panels[1].captions[0].language: 'ko' is not among the panel's languages: "
        "add it to them, or correct it.",
        "conference.yaml:16: panels[1].title: must be text, not a list: put it in quotes.",
        f"conference.yaml:16: panels[1].captions[0].path: {folder} is a folder: name the file in it.",
        "conference.yaml:17: panels[2]: has nothing to read: "
        "add 'recording: FILE' or 'captions: [{path: FILE, language: CODE}]'.",
        "conference.yaml:18: panels[3]: must be keys and values, not 'not a panel': "
        "write lines such as 'key: value' below it.",
    ]


@pytest.mark.parametrize(
    ("panel", "said"),
    [
        ("id: p, title: P, recording: p.opus", "panels[0].languages: is missing or empty"),
        ("id: p, title: P, languages: [], recording: p.opus", "panels[0].languages: is missing or empty"),
        ("id: p, title: P, languages: [], captions: []", "panels[0]: has nothing to read"),
        (
            "id: p, title: P, languages: [ja], recording: p.opus, recordings: [q.opus]",
            "panels[0].recordings: stands beside 'recording'",
        ),
        (
            "id: p, title: P, languages: [ja], recordings: [p.opus, q.opus], "
            "captions: [{path: p.srt, language: ja}]",
            "panels[0].captions: belong to one recording",
        ),
        ("id: p, title: '', languages: [ja], recording: p.opus", "panels[0].title: must not be empty"),
        ("id: p, title: P, languages: [ja], recording: nowhere/p.opus", "nowhere/p.opus does not exist"),
        ('id: p, title: P, languages: [ja], recording: "p\\0.opus"', "cannot be opened (embedded null byte)"),
        (f"id: p, title: P, languages: [ja], recording: {'x' * 300}", "cannot be opened"),
        ("id: p, title: P, languages: [ja], recording: 5", "must be the path of a file, not 5"),
        ("id: p, title: P, languages: [ja], recording: p.opus, held_on: soon", "'soon' is not a date"),
        ("id: ../p, title: P, languages: [ja], recording: p.opus", "panels[0].id: '../p' cannot be an id"),
        ("id: 能登, title: P, languages: [ja], recording: p.opus", "'能登' cannot be an id"),
    ],
)
def test_mistakes_in_a_panel(folder: Path, panel: str, said: str) -> None:
    lines = told(folder, f"{HEAD}panels: [{{{panel}}}]\n")
    assert said in lines[0]
    assert lines[0].startswith("conference.yaml:4: panels[0]")
    assert len(lines) == 1


def test_a_second_recording_cannot_take_the_id_of_another_panel(folder: Path) -> None:
    lines = told(
        folder,
        f"{HEAD}panels:\n  - {{id: p, title: P, languages: [ja], recordings: [p.opus, q.opus]}}\n"
        "  - {id: p-2, title: P, languages: [ja], recording: q.opus}\n",
    )
    assert lines == [
        "conference.yaml:5: panels[0].id: its recording 'p-2' would have the id of another panel: change one."
    ]


def test_one_clip_is_not_the_voice_of_two(folder: Path) -> None:
    speakers = "speakers:\n" + "".join(
        f"  - {{id: {each}, name: N, enrolment: voice.wav}}\n" for each in "ab"
    )
    assert told(folder, HEAD + PANELS + speakers) == [
        "conference.yaml:7: speakers[1].enrolment: 'voice.wav' is already the voice of speakers[0]: "
        "give each their own."
    ]


@pytest.mark.parametrize("typed", ["1:75", "0:120", "1:02:60", "1:5:", "-3", "12.30.1", "true"])
def test_a_time_that_cannot_be_is_told(folder: Path, typed: str) -> None:
    heard = f"heard: [{{recording: q.opus, start: {typed}, end: 9:00:00}}]"
    (line,) = told(folder, HEAD + PANELS + f"speakers: [{{id: a, name: N, {heard}}}]")
    assert "is not a time: write it as 12:30, 1:12:30.5 or seconds." in line


@pytest.mark.parametrize(
    ("typed", "seconds"), [("12:30", 750), ("1:2:3.5", 3723.5), ("90", 90), ("0:05", 5), ("120.25", 120.25)]
)
def test_a_time_is_written_as_on_a_player(folder: Path, typed: str, seconds: float) -> None:
    heard = f"heard: [{{recording: q.opus, start: {typed}, end: 9:00:00}}]"
    conference = load(folder, HEAD + PANELS + f"speakers: [{{id: a, name: N, {heard}}}]")
    assert conference.speakers[0].heard[0].start == seconds


def test_a_voice_is_known_from_a_recording_that_has_arrived(folder: Path, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    heard = "heard: [{recording: late.opus, start: 0:05, end: 0:30}]"
    path = folder / "conference.yaml"
    panels = PANELS.replace("p.opus", "late.opus")
    path.write_text(f"{HEAD}{panels}speakers: [{{id: a, name: N, {heard}}}]\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"late\.opus does not exist"):
        load_conference(path, inbox)
    (inbox / "late.opus").touch()
    conference = load_conference(path, inbox)
    assert conference.speakers[0].heard[0].recording == inbox / "late.opus" == conference.panels[0].recording


BOMB = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "conference.yaml: is empty"),
        ("# nothing yet\n", "conference.yaml: is empty"),
        ("- a\n- b\n", "conference.yaml: holds no keys"),
        ("just words", "conference.yaml: holds no keys"),
        ("id: c\ntitle: [C\n", "conference.yaml:3: not YAML (expected ',' or ']'"),
        ("id: c\n\ttitle: C\n", "conference.yaml:2: not YAML (found character '\\t'"),
        ("id: c\n---\nid: d\n", "conference.yaml:2: not YAML (but found another document)"),
        ("id: \x07\n", "conference.yaml: not YAML (unacceptable character"),
        ("[" * 600, "conference.yaml: brackets nested too deeply"),
        (BOMB, "too many or too deeply nested values"),
        ("a: &a [*a]\n", "too many or too deeply nested values"),
        (HEAD + PANELS + "speakers: !!python/object/apply:os.system [ls]\n", "speakers: has the tag"),
        (HEAD + PANELS + "title: D\n", "title: given twice, on lines 2 and 5: keep one."),
        (HEAD + PANELS + "? [a]\n: b\n", "a key must be a single word"),
        (b"id: c\ntitle: Espa\xf1a\n", "conference.yaml:2: not UTF-8 (byte 0xf1)"),
        (b"x" * 4_000_001, "is larger than 4,000,000 bytes"),
    ],
)
def test_what_is_no_proper_yaml_is_refused_in_words(folder: Path, text: str | bytes, said: str) -> None:
    assert said in told(folder, text)[0]


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("times: [10:00, 11:30]\n", {"times": ["10:00", "11:30"]}),
        ("links: {site: https://example.org/a, who: Who speaks?}\n", None),
        ("no: [no, Who?]\n", {"no": ["no", "Who?"]}),
        ("a: 1\nb:\n  - x\u2028y: z\n", {"a": 1, "b": [{"x\u2028y": "z"}]}),
        ("title: Hello\u2028World\nid: c\n", {"title": "Hello\u2028World", "id": "c"}),
    ],
)
def test_files_are_yaml_of_today(tmp_path: Path, text: str, data: dict[str, object] | None) -> None:
    """The quick parser knows YAML 1.1 alone, and must not be the one that decides."""
    (tmp_path / "file.yaml").write_text(text, "utf-8")
    found = read_yaml(tmp_path / "file.yaml").data
    assert found == (data or {"links": {"site": "https://example.org/a", "who": "Who speaks?"}})


def test_a_folder_and_a_missing_file_are_told(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match="is a folder: name the YAML file in it"):
        load_conference(folder)
    with pytest.raises(ConfigurationError, match=r"nope\.yaml cannot be read \(No such file"):
        load_conference(folder / "nope.yaml")


def test_a_byte_order_mark_and_windows_line_ends_are_no_mistake(folder: Path) -> None:
    assert load(folder, b"\xef\xbb\xbf" + (HEAD + PANELS).replace("\n", "\r\n").encode()).id == "c"


DOCUMENTED: dict[str, type[Described]] = {
    "The whole file": Conference,
    "A speaker": SpeakerEntry,
    "A stretch that somebody knows": HeardEntry,
    "A glossary entry": GlossaryEntry,
    "A panel": PanelEntry,
    "Captions": CaptionEntry,
    "The whole profile": Profile,
    "`speech`": SpeechProfile,
    "`speakers`": SpeakersProfile,
    "`translation`": TranslationProfile,
    "`embedding`": EmbeddingProfile,
}
PAGE = (Path(__file__).parent.parent / "docs" / "conference.md").read_text(encoding="utf-8")


def documented_keys(heading: str) -> dict[str, str]:
    """Each key of the table under a heading, with the default it gives."""
    section = re.split(r"\n#+ ", PAGE.split(f"### {heading}\n", 1)[1])[0]
    return dict(re.findall(r"^\| `(\w+)` \| (.+?) \| .+ \|$", section, re.MULTILINE))


@pytest.mark.parametrize("heading", DOCUMENTED)
def test_every_key_and_its_default_is_documented(heading: str) -> None:
    fields = DOCUMENTED[heading].model_fields
    documented = documented_keys(heading)
    assert set(documented) == set(fields)
    for key, field in fields.items():
        assert field.description, f"{key} has no description"
        default: Any = field.default
        if field.is_required():
            assert documented[key] == "needed"
        elif isinstance(default, str | int) and default != "":
            assert documented[key] == f"`{default}`"
        elif default is PydanticUndefined or isinstance(default, Described):
            assert documented[key].startswith("`")
        else:
            assert documented[key] in {"none", "all", "those of `captions`"}


def test_the_examples_on_the_page_are_valid(tmp_path: Path) -> None:
    for name in ("opening.mp4", "opening.ko.srt"):
        (tmp_path / name).touch()
    examples = [text for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) if text.startswith("id:")]
    assert len(examples) == 2
    for text in examples:
        assert load(tmp_path, text).id == "my-conference"
