"""Documents for the tests of what is exported: a small one with everything, and hostile ones."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from test_subtitles import HOSTILE

from transcripts.document import Document, Remark, Rendering, Theme
from transcripts.holdings import ThemeName
from transcripts.records import NameMention, Panel, Recording, Signature, Span, Speaker, Word

LANGUAGES = ("ja", "fa", "es", "ko", "en")
WORDS = [
    *HOSTILE, "映画の未来", "、", "。", "윤리위원회의 ", "storyboard ", "w" * 100, "あ" * 50, "ن ", ". ",
    "한" * 30, "]]>", "<?pi?>", '"', '""', "=1+1", "@", "-", "# ", "1. ", "* ", "[x](y)", "\ufffe", ";; ",
]  # fmt: skip
hostile_texts = st.lists(st.sampled_from(WORDS), max_size=30).map("".join)


def document(*remarks: Remark, **more: Any) -> Document:
    panel = Panel("opening", "Opening / first", LANGUAGES, "2025-03-01")
    recording = Recording("opening", "opening", "o.mp4", "ab" * 32, 36_000.0)
    return Document("c", "C & D", "en", panel, recording, remarks, **more)


def remark(number: int, text: str, span: Span, language: str = "en", **more: Any) -> Remark:
    return Remark(f"opening-{number:08d}", span, None, "S1", language, text, **more)


EVERYTHING = document(
    Remark(
        "opening-00001000",
        Span(1.0, 4.5),
        "director",
        "Director (Japan)",
        "ja",
        "AI倫理の映画です。",
        (Rendering("en", "A film on AI ethics.", 0.5, ("unsure",)), Rendering("es", "Cine.", None)),
        (Theme("ethics", 0.8, (2, 4)),),
        (NameMention("opening-00001000", 5, 7, "work", "film", Signature("names")),),
        ("doubtful",),
        tuple(
            Word(text, Span(1 + n / 2, 1.5 + n / 2), 0.9)
            for n, text in enumerate(("AI", "倫理の", "映画です。"))
        ),
        0.75,
        "approved",
    ),
    remark(4, "No, I don't think so.", Span(4.0, 6.0)),
    remark(5, "👩\u200d💻", Span(7.0, 7.0), "ko"),
    speakers=(Speaker("director", "Director (Japan)", "Studio & Co", ("ja",)),),
    themes=(ThemeName("ethics", "Ethics"),),
    signatures=(Signature("transcribe", "base", "1", "MIT"),),
)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    starts_ms = sorted(draw(st.lists(st.integers(0, 36_000_000), min_size=1, max_size=4)))
    return document(
        *(
            remark(
                n,
                draw(hostile_texts),
                Span(start_ms / 1000, start_ms / 1000 + draw(st.floats(0, 20))),
                draw(st.sampled_from(LANGUAGES)),
                renderings=(Rendering("en", draw(hostile_texts)),) if draw(st.booleans()) else (),
            )
            for n, start_ms in enumerate(starts_ms)
        )
    )
