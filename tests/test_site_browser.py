"""A published site in a real browser, from a plain file server and under a sub-path."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page, expect
from sample_documents import hostile_texts
from site_archive import SCRIPT, long_panels, sample
from test_web_browser import CHROMIUM, browser, faults, tab

from transcripts.site.publish import publish
from transcripts.site.search_words import search_words
from transcripts.site.settings import Site

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed here"),
]
__all__ = ["browser"]


class _Quiet(http.server.SimpleHTTPRequestHandler):
    """A plain file server, that answers ranges no more than Python's does."""

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("www")
    with sample(root / "archive") as archive:
        publish(
            archive,
            root / "www" / "talks" / "2025",
            Site(title="Talks", languages=("en", "fa"), accent="#7a2f5d"),
        )
    with long_panels(root / "long-archive", panels=3, passages=260) as archive:
        publish(archive, root / "www" / "long", Site(), include="draft")
    handler = functools.partial(_Quiet, directory=str(root / "www"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/talks/2025"
    server.shutdown()
    thread.join()
    server.server_close()


QUERIES = {
    "Japanese": ("倫理", "p01"),
    "Persian": ("فيلمنامه", "p07"),
    "Spanish": ("produccion", "p03"),
    "Korean": ("판소리", "p06"),
    "English": ("storyboards", "p05"),
}


@pytest.mark.parametrize("language", QUERIES)
def test_a_query_in_each_language_finds_its_passage(browser: Browser, base: str, language: str) -> None:
    query, passage_id = QUERIES[language]
    with tab(browser) as page:
        page.goto(f"{base}/index.html")
        page.locator("#find").fill(query)
        page.keyboard.press("Enter")
        first = page.locator(".hit-card").first
        expect(first.locator(".at")).to_have_attribute("href", f"panels/{_panel(passage_id)}", timeout=10_000)
        expect(first.locator("mark.hit").first).to_be_visible()
        first.locator(".at").click()
        expect(page.locator(f"#{passage_id}")).to_be_in_viewport()


def _panel(passage_id: str) -> str:
    line = next(line for line in SCRIPT if line[1] == passage_id)
    mine = [each[1] for each in SCRIPT if each[0] == line[0]]
    slug = "opening" if line[0] == "rec-1" else "o-neill-b"
    return f"{slug}/index.html?t={10 * mine.index(passage_id)}#{passage_id}"


def test_hits_are_narrowed_by_language_theme_and_speaker(browser: Browser, base: str) -> None:
    with tab(browser) as page:
        page.goto(f"{base}/search.html?theme=ethics")
        expect(page.locator(".hit-card")).to_have_count(4)
        page.locator("select[name=language]").select_option("ko")
        expect(page.locator(".hit-card")).to_have_count(1)
        page.locator("select[name=language]").select_option("")
        page.locator("select[name=theme]").select_option("")
        page.locator("select[name=speaker]").select_option(label="Productora (México)")
        expect(page.locator(".hit-card")).to_have_count(3)
        page.locator("#query").fill("guion")
        expect(page.locator(".hit-card")).to_have_count(1)
        expect(page).to_have_url(f"{base}/search.html?q=guion&speaker=film-ai%2Fproducer")
        page.locator("#query").fill("xyzzy")
        expect(page.locator("#status")).to_have_text("Nothing found.")


def test_the_sound_plays_and_the_text_follows(browser: Browser, base: str) -> None:
    with tab(browser) as page:
        page.goto(f"{base}/panels/opening/index.html?t=30#p04")
        expect(page.locator("#p04")).to_be_in_viewport()
        page.get_by_role("button", name="Play", exact=True).click()
        page.wait_for_function("!document.querySelector('audio').paused")
        expect(page.locator(".line.now")).to_have_count(1)
        page.wait_for_function("CSS.highlights.has('spoken')")
        assert page.evaluate("document.querySelector('audio').duration") > 100


def test_either_text_can_be_read_alone(browser: Browser, base: str) -> None:
    with tab(browser) as page:
        page.goto(f"{base}/panels/opening/index.html")
        said, translated = page.locator("#p01 .said"), page.locator("#p01 .translated")
        expect(said).to_be_visible()
        expect(translated).to_be_visible()
        page.get_by_label("Translation").check()
        expect(said).to_be_hidden()
        expect(page.locator("#p05 .said")).to_be_visible()  # said in the language of the translations
        page.reload()
        expect(said).to_be_hidden()
        page.get_by_label("As spoken").check()
        expect(translated).to_be_hidden()


def test_an_address_of_the_panel_leads_to_the_page_of_the_passage(browser: Browser, base: str) -> None:
    long = base.replace("/talks/2025", "/long")
    with tab(browser) as page:
        page.goto(f"{long}/panels/p0/index.html#p0-200")
        expect(page).to_have_url(f"{long}/panels/p0/2.html#p0-200")
        expect(page.locator("#p0-200")).to_be_in_viewport()
        page.goto(f"{long}/panels/p0/index.html?t=510")
        expect(page).to_have_url(f"{long}/panels/p0/3.html?t=510")


def test_parts_of_the_index_are_asked_together(browser: Browser, base: str) -> None:
    long = base.replace("/talks/2025", "/long")
    with tab(browser) as page:
        page.goto(f"{long}/search.html?q=Word201")
        expect(page.locator(".hit-card")).to_have_count(3)
        places = page.locator(".hit-card .at").evaluate_all(
            "all => all.map((each) => each.getAttribute('href'))"
        )
        assert sorted(places) == [f"panels/p{n}/2.html?t=402#p{n}-201" for n in range(3)]
        page.locator("#query").fill("p2")
        expect(page.locator("#status")).to_have_text("Passages found: 260")
        page.get_by_role("button", name="More").click()
        expect(page.locator(".hit-card")).to_have_count(20)


PAGES = (
    "index.html",
    "panels/opening/index.html",
    "panels/o-neill-b/index.html",
    "speakers.html",
    "themes/index.html",
    "themes/ethics.html",
    "search.html?q=ethics",
    "about.html",
    "downloads.html",
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(browser: Browser, base: str, scheme: Any) -> None:
    with tab(browser, color_scheme=scheme, bypass_csp=True) as page:
        for path in PAGES:
            for prefix in ("", "fa/"):
                page.goto(f"{base}/{prefix}{path}")
                assert faults(page) == [], path


@pytest.mark.parametrize("width", [360, 1440])
def test_every_page_fits_its_width_and_persian_is_mirrored(browser: Browser, base: str, width: int) -> None:
    with tab(browser, viewport={"width": width, "height": 800}) as page:
        for path in PAGES:
            for prefix, direction in (("", "ltr"), ("fa/", "rtl")):
                page.goto(f"{base}/{prefix}{path}")
                assert page.evaluate("document.documentElement.scrollWidth") <= width, path
                expect(page.locator("html")).to_have_attribute("dir", direction)
        if width > 1000:
            page.goto(f"{base}/fa/panels/opening/index.html")
            side, text = page.locator(".side").bounding_box(), page.locator(".transcript").bounding_box()
            assert side
            assert text
            assert side["x"] > text["x"]


def test_persian_runs_to_the_left_in_an_english_page(browser: Browser, base: str) -> None:
    with tab(browser) as page:
        page.goto(f"{base}/panels/o-neill-b/index.html")
        style = "getComputedStyle(document.querySelector('#p07 .said'))"
        assert page.evaluate(f"[{style}.direction, {style}.textAlign]") == ["rtl", "start"]


def test_pages_are_read_without_scripts(browser: Browser, base: str) -> None:
    with tab(browser, java_script_enabled=False) as page:
        page.goto(f"{base}/panels/opening/index.html?t=30#p04")
        expect(page.locator("#p04")).to_be_in_viewport()
        page.goto(f"{base}/search.html")
        expect(page.get_by_text("The search needs JavaScript")).to_be_visible()


def test_a_printed_panel_has_its_words_and_no_controls(browser: Browser, base: str) -> None:
    with tab(browser) as page:
        page.goto(f"{base}/panels/opening/index.html")
        page.emulate_media(media="print")
        expect(page.locator("#p01 .said")).to_be_visible()
        for hidden in (".top", ".player", ".views", ".timeline"):
            expect(page.locator(hidden)).to_be_hidden()


@pytest.fixture(scope="module")
def words(browser: Browser, base: str) -> Iterator[Page]:
    with tab(browser) as page:
        page.goto(f"{base}/search.html")
        page.evaluate("import('./assets/words.js').then((words) => { window.words = words; })")
        page.wait_for_function("window.words")
        yield page


# Letters that the Unicode of both knows.
_ASSIGNED = st.characters(codec="utf-8", exclude_categories=("Cn", "Co"))


@given(st.one_of(hostile_texts, st.text(_ASSIGNED, max_size=60)))
@example("ŒUVRE Łódź ø IŞIK ışık İ đ æ ħ この3D映画 4K로")
@example("فیلم میسازم نمیدانند میلادی ۱۰٬۰۰۰ نفر")
@settings(max_examples=200, deadline=None)
def test_what_is_typed_becomes_the_words_of_the_index(words: Page, text: str) -> None:
    typed = words.evaluate("text => window.words.wordsOf(text)", text)
    assert sorted(set(typed)) == sorted(set(search_words(text)))


@pytest.mark.parametrize("line", SCRIPT, ids=lambda line: line[1])
def test_the_words_of_passages_are_the_same_on_both_sides(words: Page, line: tuple[str, ...]) -> None:
    for text in (line[4], line[5], line[4].replace("ک", "ك").replace("\u200c", " ")):
        assert sorted(words.evaluate("text => window.words.wordsOf(text)", text)) == sorted(
            search_words(text)
        )
