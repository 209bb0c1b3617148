"""Languages that nobody declared: where one is clearly heard it is reported, and text there is doubted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nlp.impressions import Posteriors
from nlp.languages import language


@dataclass(frozen=True, slots=True)
class StrangerOptions:
    """When an undeclared language is heard, and not guessed.

    What a model hardly knows it guesses where nothing fits: Persian that is declared, and spoken
    badly, is heard as Latvian or Latin. In three panels it is never that sure of such a guess for
    three seconds; of Persian itself it is, in half of the stretches.
    """

    at_least: float = 0.8  # posterior of a language
    known_hours: float = 100.0  # that the model has heard for so long in training,
    little_known_at_least: float = 0.9  # and of another one,
    stretch_s: float = 3.0  # in stretches of this length
    reported_s: float = 10.0  # speech in all from which on the archivist is told,
    little_known_reported_s: float = 20.0  # likewise

    def is_known(self, code: str) -> bool:
        """Whether the model has heard enough of a language not to guess it."""
        return language(code).speech_hours >= self.known_hours


def clear_stranger(
    posteriors: Posteriors, declared: Sequence[str], seconds: float, options: StrangerOptions
) -> str:
    """The undeclared language that is clearly heard for some seconds; empty where there is none."""
    code, posterior = max(posteriors.items(), key=lambda item: item[1], default=("", 0.0))
    if code in ("", *declared) or seconds < options.stretch_s:
        return ""
    least = options.at_least if options.is_known(code) else options.little_known_at_least
    return code if posterior >= least else ""


def told(seconds: Mapping[str, float], options: StrangerOptions) -> tuple[str, ...]:
    """Sentences for the archivist, of the seconds of speech in each undeclared language."""
    sentences = []
    for code, heard_s in sorted(seconds.items()):
        known = options.is_known(code)
        if heard_s >= (options.reported_s if known else options.little_known_reported_s):
            name = f"{language(code).name} ({code}), not declared for the panel"
            sentences.append(f"{'' if known else 'probably '}about {heard_s:.0f} s of {name}")
    return tuple(sentences)
