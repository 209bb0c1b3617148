"""The reading room in a real browser: what a researcher, an editor and a stranger do there."""

from __future__ import annotations

import importlib.util
import re
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sample_archive import STAGES, embed, recording
from web_archive import layers_with_words, make_archive

from transcripts.archive import Archive
from transcripts.review import ReviewDesk
from transcripts.web.app import create_app
from transcripts.web.room import RoomSettings

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed here"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield started
        started.close()


@contextmanager
def served(archive: Archive, settings: RoomSettings | None = None) -> Iterator[str]:
    """The reading room of an archive, on a free port of this machine."""
    app = create_app(archive, settings)
    app.state.room.index.refresh()  # libraries of the search take seconds to load
    config = uvicorn.Config(app, port=0, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.02)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with make_archive(tmp_path_factory.mktemp("browser") / "archive") as made:
        yield made


@pytest.fixture(scope="module")
def base(archive: Archive) -> Iterator[str]:
    with served(archive, RoomSettings(embed=lambda: embed)) as address:
        yield address


@pytest.fixture
def own(tmp_path: Path) -> Iterator[tuple[Archive, str]]:
    """An archive of its own, for tests that change it."""
    with make_archive(tmp_path / "archive") as made, served(made) as address:
        yield made, address


@contextmanager
def tab(browser: Browser, **options: Any) -> Iterator[Page]:
    """A new window; whatever the browser complains about fails the test."""
    context = browser.new_context(**{"locale": "en", "viewport": {"width": 1280, "height": 900}, **options})
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    foreign: list[str] = []
    page.on("request", lambda asked: foreign.append(asked.url) if "//127.0.0.1:" not in asked.url else None)
    yield page
    context.close()
    assert [each for each in complaints if "409" not in each and "40" not in each] == []
    assert foreign == []


# query, and what must be the first hit: in its own language, and from another one
QUERIES = {
    "Japanese": ("倫理", "p01"),
    "Persian": ("فيلمنامه", "p07"),
    "Spanish": ("produccion", "p03"),
    "Korean": ("판소리", "p06"),
    "English": ("storyboard", "p05"),
}


@pytest.mark.parametrize("language", QUERIES)
def test_a_query_in_each_language_finds_its_passage(browser: Browser, base: str, language: str) -> None:
    query, passage_id = QUERIES[language]
    with tab(browser) as page:
        page.goto(base)
        page.get_by_role("searchbox").fill(query)
        page.get_by_role("searchbox").press("Enter")
        found = page.locator(".hit-card .at").evaluate_all("links => links.map(link => link.hash)")
        assert f"#{passage_id}" in found[:3]
        assert page.locator("mark.hit").count() >= 1


def test_a_hit_leads_to_its_second(browser: Browser, base: str) -> None:
    with tab(browser) as page:
        page.goto(f"{base}/search?q=guion")
        page.locator(".hit-card .at").first.click()
        expect(page).to_have_url(re.compile(r"/panels/opening\?t=30#p04$"))
        until(page, "document.querySelector('audio').currentTime > 30.2", True)  # it plays
        expect(page.locator("#p04")).to_have_class(re.compile(r"\bnow\b"))
        expect(page.locator("#p04")).to_be_in_viewport()


def test_a_link_to_a_passage_that_was_joined_leads_to_its_second(
    browser: Browser, own: tuple[Archive, str]
) -> None:
    archive, base = own
    ReviewDesk(archive).merge("p03", "p04", reviewer="ana")
    with tab(browser) as page:
        page.goto(f"{base}/panels/opening?t=31#p04")
        expect(page).to_have_url(re.compile(r"/panels/opening\?t=31#p03$"))
        until(page, "document.activeElement.id", "p03")
        until(page, "document.querySelector('audio').currentTime", 31)
        page.goto(f"{base}/panels/opening?t=12#nobody")
        until(page, "document.querySelector('audio').currentTime", 12)


def until(page: Page, expression: str, wanted: object) -> None:
    """Wait for something to become so: a busy machine takes its time."""
    for _ in range(100):
        if page.evaluate(expression) == wanted:
            return
        page.wait_for_timeout(100)
    assert page.evaluate(expression) == wanted


def test_the_text_follows_the_sound_word_by_word(browser: Browser, base: str) -> None:
    spoken = "[...(CSS.highlights.get('spoken') || [])].map(range => range.toString()).join()"
    with tab(browser) as page:
        page.goto(f"{base}/panels/opening")
        page.locator("#p03 .at").click()
        until(page, "!document.querySelector('audio').paused", True)
        until(page, "document.querySelector('.now').id", "p03")
        until(page, f"({spoken}) !== ''", True)
        for second, word, line in ((23.0, "audiovisual", "p03"), (37.5, "guion.", "p04"), (0.5, "AI", "p01")):
            page.locator("audio").evaluate("(sound, at) => { sound.pause(); sound.currentTime = at }", second)
            until(page, spoken, word)
            until(page, "document.querySelector('.now').id", line)


def test_keys_play_seek_and_step(browser: Browser, base: str) -> None:
    now = "document.querySelector('audio').currentTime"
    with tab(browser) as page:
        page.goto(f"{base}/panels/opening")
        page.keyboard.press("n")
        page.keyboard.press("n")
        until(page, "document.activeElement.id", "p02")
        until(page, f"Math.round({now})", 10)
        page.keyboard.press("l")
        until(page, f"Math.round({now})", 15)
        page.keyboard.press(">")
        assert page.evaluate("document.querySelector('audio').playbackRate") == 1.25
        page.keyboard.press("k")
        until(page, "document.querySelector('audio').paused", False)
        page.keyboard.press("/")
        assert page.evaluate("document.activeElement.id") == "find"
        page.keyboard.type("nkl")  # letters in a field are letters
        assert page.locator("#find").input_value() == "nkl"


def test_a_correction_is_there_after_a_reload_and_after_another_run(
    browser: Browser, own: tuple[Archive, str]
) -> None:
    archive, base = own
    with tab(browser) as page:
        page.goto(f"{base}/panels/opening#p04")
        page.locator("#p04 .edit").click()
        page.get_by_label("As spoken").fill("La ética es el guion entero.")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_text("Saved.")).to_be_visible()
        page.goto(f"{base}/panels/opening")
        expect(page.locator("#p04 .said")).to_have_text("La ética es el guion entero.")
        page.reload()
        expect(page.locator("#p04 .said")).to_have_text("La ética es el guion entero.")
        again = replace(recording("rec-1"), path=archive.recording("rec-1").path, sha256="cd" * 32)
        archive.keep(again, layers_with_words("rec-1"), STAGES)
        page.reload()
        expect(page.locator("#p04 .said")).to_have_text("La ética es el guion entero.")
        page.goto(f"{base}/search?q=entero")
        expect(page.locator(".hit-card .said")).to_have_text("La ética es el guion entero.")


def test_two_editors_see_their_conflict(browser: Browser, own: tuple[Archive, str]) -> None:
    archive, base = own
    with tab(browser) as page:
        page.goto(f"{base}/review/p04")
        ReviewDesk(archive).correct("p04", "text", "Lo que escribió ella.", reviewer="ella")
        page.get_by_label("As spoken").fill("Lo que escribí yo.")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_role("alert")).to_contain_text("Lo que escribió ella.")
        expect(page.get_by_label("As spoken")).to_have_value("Lo que escribí yo.")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_text("Saved.")).to_be_visible()
        expect(page.locator(".history")).to_contain_text("ella")


def test_a_passage_is_reviewed_by_keyboard_alone(browser: Browser, own: tuple[Archive, str]) -> None:
    archive, base = own
    with tab(browser) as page:
        page.goto(f"{base}/review")
        page.keyboard.press("Enter")  # the first of the queue has the focus
        expect(page).to_have_url(re.compile("/review/p07"))
        assert page.evaluate("document.activeElement.id") == "text"
        page.keyboard.press("End")
        page.keyboard.type(" پایان")
        page.keyboard.press("Tab")
        page.keyboard.press("Control+Enter")
        expect(page.get_by_text("Saved.")).to_be_visible()
        expect(page).not_to_have_url(re.compile("/review/p07"))
    entry = archive.entries_by_id(["p07"])["p07"]
    assert entry.state == "reviewed"
    assert entry.passage.text.endswith(" پایان")


PAGES = (
    "/",
    "/panels/opening",
    "/search?q=ethics",
    "/search",
    "/review",
    "/review/p04",
    "/rights",
    "/api/docs",
    "/nothing",
)


def faults(page: Page) -> list[str]:
    """What axe-core finds that is serious or critical."""
    spec = importlib.util.find_spec("axe_playwright_python")
    assert spec
    assert spec.submodule_search_locations
    script = Path(spec.submodule_search_locations[0], "axe.min.js").read_text(encoding="utf-8")
    page.evaluate(script)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{each['id']}: {node['target']} {node['failureSummary']}"
        for each in found["violations"]
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"][:3]
    ]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(browser: Browser, base: str, path: str, scheme: Any) -> None:
    with tab(browser, color_scheme=scheme) as page:
        page.goto(base + path)
        assert faults(page) == []


@pytest.mark.parametrize(
    ("locale", "width", "paths"),
    [
        ("en", 360, PAGES),
        ("en", 1440, PAGES[:6]),
        ("fa", 360, PAGES),
        ("fa", 1440, PAGES[:6]),
        ("ja", 360, PAGES[:6]),
        ("es", 360, PAGES[:6]),
        ("ko", 360, PAGES[:6]),
    ],
)
def test_every_page_fits_its_width(
    browser: Browser, base: str, locale: str, width: int, paths: tuple[str, ...]
) -> None:
    with tab(browser, locale=locale, viewport={"width": width, "height": 800}) as page:
        for path in paths:
            page.goto(base + path)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
            assert page.locator("html").get_attribute("dir") == ("rtl" if locale == "fa" else "ltr")


def test_a_persian_page_is_mirrored(browser: Browser, base: str) -> None:
    with tab(browser, locale="fa") as page:
        page.goto(f"{base}/panels/opening")
        side, text = page.locator(".side").bounding_box(), page.locator(".transcript").bounding_box()
        assert side
        assert text
        assert side["x"] > text["x"]


def test_language_and_look_are_kept(browser: Browser, base: str) -> None:
    with tab(browser) as page:
        page.goto(base)
        page.locator("select[name=interface]").select_option("ja")
        page.locator("select[name=look]").select_option("dark")
        page.locator(".foot button").click()
        expect(page.locator("html")).to_have_attribute("lang", "ja")
        expect(page.locator("html")).to_have_attribute("data-look", "dark")
        page.goto(f"{base}/panels/opening")
        expect(page.locator("html")).to_have_attribute("lang", "ja")


def test_pages_work_without_scripts(browser: Browser, base: str) -> None:
    with tab(browser, java_script_enabled=False) as page:
        page.goto(f"{base}/panels/opening?t=30#p04")
        expect(page.locator("#p04")).to_be_in_viewport()
        page.goto(f"{base}/review")
        page.locator(".queue .button").first.click()
        expect(page.get_by_label("As spoken")).to_be_visible()
