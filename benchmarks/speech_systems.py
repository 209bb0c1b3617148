"""The ways of turning a recording into text that benchmarks/speech.py compares.

Each run is a process of its own, so that its peak memory is its own:

    python -m benchmarks.speech_systems JOB.json RESULT.json

What is timed starts at the path of the file and ends when the last segment is known. Loading
models is timed apart. Nothing but what a system needs is imported into its process.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks.memory import peak_memory_mb
from transcripts.errors import MediaError
from transcripts.records import Gap, Segment, Span, Turn, Word

ROOT = Path(__file__).resolve().parent.parent
MODEL = "embedded:whisper-base"  # of every system
COMPUTE_TYPE = "int8"
BEAM_SIZE = 5


@dataclass(frozen=True, slots=True)
class Job:
    """One recording for one system. `turns` are (start, end, language), for the oracle alone."""

    system: str
    path: str
    languages: tuple[str, ...]
    weights: str  # folder of the weights that all systems load
    threads: int
    word_times: bool = False  # symposia always gives them
    turns: tuple[tuple[float, float, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Output:
    """What a system made of a recording. Segments of systems that tell no language have language ''."""

    segments: tuple[Segment, ...] = ()
    gaps: tuple[Gap, ...] = ()
    turns: tuple[Turn, ...] = ()
    speech_s: float = 0.0  # time for text, and for words where they are timed
    speech_processor_s: float = 0.0  # the same, of all cores together: other work disturbs it less
    speakers_s: float = 0.0  # time for speakers, on top
    load_s: float = 0.0
    speech_memory_mb: float = 0.0  # peak of the process after the text
    memory_mb: float = 0.0  # peak at the end
    signatures: Mapping[str, Any] = field(default_factory=dict)


class Mark:
    """A moment of a run."""

    def __init__(self) -> None:
        self.wall_s = time.perf_counter()
        self.processor_s = time.process_time()
        self.memory_mb = peak_memory_mb()


@dataclass(frozen=True, slots=True)
class System:
    """A row of the comparison: what its reader should know, and how it is run."""

    label: str
    run: Callable[[Job, Mapping[str, Any]], Output]
    settings: Mapping[str, Any] = field(default_factory=dict)


def run_symposia(job: Job, settings: Mapping[str, Any]) -> Output:
    """The default profile, as `symposia transcribe --speakers` runs it. The one place that calls symposia."""
    began = Mark()
    import scipy.signal  # noqa: F401 - a second to import, for the mixing of channels

    from flows.models import Models
    from flows.profiles import load_profile
    from flows.yamlfile import configs_dir
    from nlp import speakers
    from nlp.audio import probe
    from nlp.passages import sentence_pipeline

    models = Models(load_profile("embedded"), configs_dir() / "themes.yaml", _silent)
    path = Path(job.path)
    listener, transcriber, diarizer = models.listener, models.transcriber, models.diarizer
    signed = [models.listening_signature, models.transcript_signature, models.speakers_signature]
    _load_vad()
    for code in job.languages:  # Japanese words come from a dictionary of 70 MB
        sentence_pipeline(code)
    loaded = Mark()
    segments: Sequence[Segment] = ()
    gaps: Sequence[Gap] = ()
    turns: Sequence[Turn] = ()
    heard, channels = None, probe(path).heard_channels
    try:
        heard = listener.listen_to(path, job.languages, channels, _silent)
        found = transcriber.transcribe("r", path, heard, _silent)
        segments, gaps = found.segments, found.gaps
    except MediaError:  # no speech in it: that is an answer, and no text
        pass
    read = Mark()
    if heard:
        turns = diarizer.turns_of("r", path, heard.regions, 0, _silent).turns
        segments = speakers.attribute(segments, turns)
    signatures = {each.component: asdict(each) for each in signed}
    output = Output(tuple(segments), tuple(gaps), tuple(turns), signatures=signatures)
    return _timed(output, (began, loaded, read, Mark()))


def _silent(_: object) -> None:
    """Nobody listens."""


def run_faster_whisper(job: Job, settings: Mapping[str, Any]) -> Output:
    """faster-whisper as its README shows it; `settings` are those of `transcribe`."""
    began = Mark()
    from faster_whisper import BatchedInferencePipeline, WhisperModel

    options = dict(settings)
    model: Any = WhisperModel(
        job.weights, device="cpu", compute_type=COMPUTE_TYPE, cpu_threads=job.threads, local_files_only=True
    )
    pipeline = BatchedInferencePipeline(model) if options.pop("batched", False) else model
    _load_vad()
    loaded = Mark()
    found, info = pipeline.transcribe(
        job.path, beam_size=BEAM_SIZE, word_timestamps=job.word_times, **options
    )
    code = "" if options.get("multilingual") else info.language
    segments = tuple(_segment(each, 0.0, code) for each in found)
    read = Mark()
    return _timed(Output(segments), (began, loaded, read, read))


def run_oracle(job: Job, settings: Mapping[str, Any]) -> Output:
    """Every turn of the reference alone, with its true language told, by faster-whisper."""
    began = Mark()
    from faster_whisper import WhisperModel, decode_audio

    model: Any = WhisperModel(
        job.weights, device="cpu", compute_type=COMPUTE_TYPE, cpu_threads=job.threads, local_files_only=True
    )
    loaded = Mark()
    sound: Any = decode_audio(job.path, sampling_rate=16_000)
    segments: list[Segment] = []
    for start_s, end_s, code in job.turns:
        piece = sound[int(start_s * 16_000) : int(end_s * 16_000)]
        found, _ = model.transcribe(
            piece, language=code, beam_size=BEAM_SIZE, word_timestamps=job.word_times, **settings
        )
        segments += [_segment(each, start_s, code) for each in found]
    read = Mark()
    return _timed(Output(tuple(segments)), (began, loaded, read, read))


def _load_vad() -> None:
    """Silero comes with the models: its loading is not the recording's."""
    from faster_whisper.vad import get_vad_model

    get_vad_model()


def _segment(found: Any, offset_s: float, code: str) -> Segment:
    """A segment of faster-whisper as one of ours."""
    words = tuple(
        Word(each.word, _span(each.start, each.end, offset_s), each.probability) for each in found.words or ()
    )
    return Segment("", "", _span(found.start, found.end, offset_s), code, 0.0, found.text, words)


def _span(start_s: float, end_s: float, offset_s: float) -> Span:
    """Whisper's time tokens sometimes run backwards."""
    return Span(offset_s + start_s, offset_s + max(start_s, end_s))


def _timed(output: Output, marks: tuple[Mark, Mark, Mark, Mark]) -> Output:
    """The output with time and memory between the marks: begun, models loaded, text known, all known."""
    began, loaded, read, ended = marks
    return replace(
        output,
        load_s=loaded.wall_s - began.wall_s,
        speech_s=read.wall_s - loaded.wall_s,
        speech_processor_s=read.processor_s - loaded.processor_s,
        speakers_s=ended.wall_s - read.wall_s,
        speech_memory_mb=read.memory_mb,
        memory_mb=ended.memory_mb,
    )


SYSTEMS: Mapping[str, System] = {
    "symposia": System("symposia: words and their times included", run_symposia),
    "sequential": System(
        "faster-whisper, sequential: multilingual=True, vad_filter=True",
        run_faster_whisper,
        {"multilingual": True, "vad_filter": True},
    ),
    "batched": System(
        "faster-whisper, batched: multilingual=True",
        run_faster_whisper,
        {"batched": True, "multilingual": True},
    ),
    "batched-10": System(
        "faster-whisper, batched: multilingual=True, chunk_length=10",
        run_faster_whisper,
        {"batched": True, "multilingual": True, "chunk_length": 10},
    ),
    "default": System("faster-whisper, default settings", run_faster_whisper),
    "oracle": System("oracle: each turn alone, its true language told, faster-whisper", run_oracle),
}
PEERS = ("sequential", "batched", "batched-10", "default")  # the oracle is told what nobody knows


def run_apart(job: Job) -> Output:
    """Run a job in a process of its own. Raises RuntimeError with its last words when it fails."""
    from pydantic import TypeAdapter

    with tempfile.TemporaryDirectory() as folder:
        given, result = Path(folder) / "job.json", Path(folder) / "result.json"
        given.write_text(json.dumps(asdict(job)), encoding="utf-8")
        command = [sys.executable, "-m", "benchmarks.speech_systems", str(given), str(result)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{job.system} on {Path(job.path).name} failed:\n{done.stderr[-2000:]}")
        return TypeAdapter(Output).validate_json(result.read_bytes())


def main() -> None:
    given, result = map(Path, sys.argv[1:])
    job = Job(**json.loads(given.read_text(encoding="utf-8")))
    system = SYSTEMS[job.system]
    output = asdict(system.run(job, system.settings))
    result.write_text(json.dumps(output), encoding="utf-8")


if __name__ == "__main__":
    main()
