"""`symposia doctor`: whether this machine can do the work, a line a check, with what to do where it cannot.

Nothing is fetched, made or changed. What an archive holds is looked at by `symposia verify`.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

from flows.engine import quiet
from flows.profiles import Profile, load_profile
from flows.yamlfile import configs_dir
from nlp.cache import cache_dir
from nlp.machine import thread_count
from nlp.weights import at_hand
from transcripts.archive import Archive
from transcripts.errors import FormatError, MediaError, ModelError, SymposiaError
from transcripts.files import in_object_store, is_seen, is_there, remove, write_atomically
from transcripts.keeping import meta_value
from transcripts.logs import log_folder
from transcripts.place import Place, place_of
from transcripts.records import running_version
from transcripts.schema import SCHEMA_VERSION
from transcripts.verification import FROM_A_COPY

State = Literal["ok", "doubtful", "wrong"]

# Weights of the embedded profile take 1.5 GB put together; an archive takes some 50 MB an hour.
LITTLE_ROOM_MB = 2_000
NO_ROOM_MB = 200
# What a run of the embedded profile held at most, over hours of talk (1.8 GB, docs/benchmarks.md), with 0.5
# for a second translator, which some languages need; and what the smallest part of it needs. Other profiles
# need more.
LITTLE_MEMORY_MB = 2_300
NO_MEMORY_MB = 500
DECODED_TOLERANCE_S = 0.1
SERVER_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Check:
    """What one check found; unless all is well, `what` ends with what to do."""

    subject: str
    state: State
    what: str

    def __str__(self) -> str:
        return f"{self.state:<9}{self.subject}: {self.what}"


def examine(place: Place | None, profile_name: str) -> int:
    """Print a line a check; 1 where something is wrong, else 0.

    Raises ConfigurationError when there is no such profile.
    """
    profile = load_profile(profile_name)
    worst = 0
    for check in checks(None if place is None else place_of(place), profile):
        sys.stdout.write(f"{check}\n")
        sys.stdout.flush()
        worst = max(worst, int(check.state == "wrong"))
    return worst


def checks(place: Place | None, profile: Profile) -> Iterator[Check]:
    """Every check, in turn."""
    python = ".".join(map(str, sys.version_info[:3]))
    yield Check("program", "ok", f"symposia {running_version()}, Python {python}, {thread_count(0)} cores")
    yield from model_checks(profile)
    yield gpu_check(profile)
    yield sound_check(configs_dir() / "demo" / "voices" / "moderator-uk.opus")
    files, database = (None, None) if place is None else archive_check(place)
    yield memory_check(free_memory_mb())
    yield from room_checks({"archive": files, "cache": cache_dir(), "log": log_folder()})
    if database is not None:
        yield database
    yield pdf_check()
    yield prefect_check()


def models_of(profile: Profile) -> dict[str, list[str]]:
    """The models that a profile names, each with what it is for."""
    named = [
        ("speech", profile.speech.model),
        ("speakers", profile.speakers.model),
        ("diarization", profile.speakers.diarization),
        ("translation", profile.translation.model),
        *((f"translation {pair}", name) for pair, name in sorted(profile.translation.pairs.items())),
        ("embedding", profile.embedding.model),
        ("themes", profile.themes.model),
    ]
    found: dict[str, list[str]] = {}
    for use, name in named:
        if name:
            found.setdefault(name, []).append(use)
    return found


def model_checks(profile: Profile) -> Iterator[Check]:
    """Whether each model of a profile is at hand, in which revision, under which licence."""
    for name, uses in models_of(profile).items():
        subject = f"model {name} ({', '.join(uses)})"
        try:
            known = at_hand(name)
        except ModelError as error:
            yield Check(subject, "wrong", str(error))
            continue
        if known is not None:
            yield Check(subject, "ok", f"at hand, revision {known.revision[:12]}, licence {known.licence}")
            continue
        path = "give the path of a folder with the model in its place"
        if os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}:
            remedy = f"HF_HUB_OFFLINE is set: unset it for the first run, or {path}"
            yield Check(subject, "wrong", f"not on this machine, and {remedy}")
        elif importlib.util.find_spec("transformers") is None:
            remedy = f"install what converts it (pip install 'symposia[hub]'), or {path}"
            yield Check(subject, "doubtful", f"not on this machine; the first run fetches it: {remedy}")
        else:
            yield Check(subject, "doubtful", f"not on this machine; the first run fetches it, or {path}")


def gpu_check(profile: Profile) -> Check:
    """Whether CTranslate2 sees a GPU, and whether the profile can do without."""
    import ctranslate2

    engines = (profile.speech, profile.translation, profile.embedding, profile.themes)
    demanded = any(engine.device == "cuda" for engine in engines)
    try:
        count = int(ctranslate2.get_cuda_device_count())
    except RuntimeError as error:  # a driver that does not fit
        count, why = 0, f" ({error})"
    else:
        why = ""
    if count:
        return Check("GPU", "ok", f"{count} that CTranslate2 can use")
    if demanded:
        remedy = "install NVIDIA's driver and CUDA 12, or write 'device: auto' in the profile"
        return Check("GPU", "wrong", f"the profile asks for one, and there is none{why}: {remedy}")
    return Check("GPU", "ok", f"none{why}; models run on the processor")


def sound_check(clip: Path) -> Check:
    """Whether sound is decoded, by the libraries that come with PyAV: no ffmpeg is called."""
    from nlp.audio import SAMPLE_RATE_HZ, probe, stream

    try:
        info = probe(clip)
        heard_s = sum(len(block) for block in stream(clip)) / SAMPLE_RATE_HZ
    except (MediaError, ImportError, OSError) as error:
        remedy = "install PyAV again: pip install --force-reinstall --no-deps av"
        return Check("sound", "wrong", f"a packaged clip cannot be decoded ({error}): {remedy}")
    if abs(heard_s - info.duration_s) > DECODED_TOLERANCE_S:
        what = f"{heard_s:.1f} s of a packaged clip of {info.duration_s:.1f} s were decoded"
        return Check("sound", "wrong", f"{what}: install PyAV again (pip install --force-reinstall av)")
    return Check("sound", "ok", f"{heard_s:.1f} s of {info.codec} decoded, without ffmpeg")


def free_memory_mb() -> int:
    """The memory that a run could have, in 10^6 bytes: of the machine, or of the container around it."""
    free = psutil.virtual_memory().available
    held = Path("/sys/fs/cgroup")
    with suppress(OSError, ValueError):  # of version 2 of cgroups; 'max' where there is no limit
        limit, used = (int((held / f"memory.{name}").read_text()) for name in ("max", "current"))
        free = min(free, limit - used)
    return max(0, free) // 1_000_000


def memory_check(free_mb: int) -> Check:
    """Whether a run of the embedded profile has the memory that it took where it was measured."""
    state: State = "wrong" if free_mb < NO_MEMORY_MB else "doubtful" if free_mb < LITTLE_MEMORY_MB else "ok"
    what = f"{free_mb / 1000:.1f} GB free; the profile embedded takes {LITTLE_MEMORY_MB / 1000:.1f} GB"
    remedy = "" if state == "ok" else ": end other programs, or give the machine or container more"
    return Check("memory", state, what + remedy)


def room_checks(places: dict[str, Path | None]) -> Iterator[Check]:
    """Whether there is room at each place, and whether it may be written to."""
    for subject, given in places.items():
        if given is None:
            continue
        if in_object_store(given):
            yield _store_check(subject, given)
            continue
        place = given.absolute()
        while not is_seen(place):
            place = place.parent
        if is_there(place):
            yield Check(subject, "wrong", f"{place} is a file: name a folder")
            continue
        try:
            with tempfile.TemporaryFile(dir=place):
                pass
            free_mb = shutil.disk_usage(place).free // 1_000_000
        except OSError as error:
            what = f"{place} cannot be written ({error.strerror})"
            yield Check(subject, "wrong", f"{what}: {_elsewhere(subject)}, or change its permissions")
            continue
        state: State = "wrong" if free_mb < NO_ROOM_MB else "doubtful" if free_mb < LITTLE_ROOM_MB else "ok"
        remedy = "" if state == "ok" else f": make room there, or {_elsewhere(subject)}"
        yield Check(subject, state, f"{given} can be written, {free_mb / 1000:.1f} GB free{remedy}")


def _store_check(subject: str, folder: Path) -> Check:
    """Whether an object can be written to a store and removed again."""
    probe = folder / ".symposia-doctor"
    try:
        write_atomically(probe, "")
        remove(probe)
    except Exception as error:  # each store has errors of its own
        remedy = "check its address, the bucket and the credentials in the environment"
        return Check(
            subject, "wrong", f"{folder} cannot be written ({type(error).__name__}: {error}): {remedy}"
        )
    return Check(subject, "ok", f"{folder} can be written")


def _elsewhere(subject: str) -> str:
    return "set SYMPOSIA_CACHE to another folder" if subject == "cache" else "name another folder"


def archive_check(place: Place) -> tuple[Path | None, Check]:
    """Where the archive's files lie; whether its database opens, is whole, and has tables that we know."""
    files = place if isinstance(place, Path) else None
    try:
        if not Archive.exists(place) and not (files and files.is_file()):
            return files, Check("database", "ok", f"none in {place} so far; 'symposia run' makes it")
        with Archive.open(place, upgrade=False) as archive, archive.reading() as connection:
            files, damage = archive.files, archive.damage()
            version = int(meta_value(connection, "schema_version"))
    except SymposiaError as error:
        return files, Check("database", "wrong", str(error))
    if damage:
        return files, Check("database", "wrong", f"{place}: {damage[0]}: {FROM_A_COPY}")
    more = f"'symposia verify --archive {place}' looks at what is in it"
    if version < SCHEMA_VERSION:
        more += (
            f" (as any other command, it brings them to {SCHEMA_VERSION}; older symposias refuse them then)"
        )
    return files, Check("database", "ok", f"opens, is whole, tables of version {version}; {more}")


def pdf_check() -> Check:
    """Whether Pango is there, which lays out PDF. Fonts are looked at when a PDF is written."""
    from transcripts.formats.pdf import load_weasyprint

    try:
        made_by = load_weasyprint()
    except FormatError as error:
        return Check("PDF", "doubtful", f"only 'export --format pdf' needs it: {error}")
    return Check("PDF", "ok", f"WeasyPrint {made_by.__version__} with Pango")


def prefect_check() -> Check:
    """Which server runs report to: one of their own, or that of Prefect's settings, if it answers."""
    quiet()
    from prefect.client.orchestration import get_client
    from prefect.settings import get_current_settings

    url = get_current_settings().api.url
    if not url or not os.environ.get("PREFECT_API_URL"):  # see `flows.engine`
        return Check("Prefect", "ok", "no server is set: each run starts one of its own, on this machine")
    with get_client(httpx_settings={"timeout": SERVER_TIMEOUT_S}, sync_client=True) as client:
        trouble = client.api_healthcheck()
    if trouble is None:
        return Check("Prefect", "ok", f"the server {url} answers")
    remedy = "start it, correct PREFECT_API_URL, or unset it (each run then starts a server of its own)"
    return Check("Prefect", "wrong", f"the server {url} does not answer ({trouble}): {remedy}")


__all__ = ["Check", "checks", "examine", "models_of"]
