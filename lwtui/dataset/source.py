"""One file of a dataset, and how its bytes become text."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lwtui.dataset.problems import ProblemLog

SNIFF_BYTES = 1 << 18
"""How much of a file's beginning tells its encoding."""
MAX_LINE_BYTES = 16 << 20
"""A longer line is skipped: nothing a person wrote is that long, and memory must stay bounded."""
_BUFFER = 1 << 20
_TOO_LONG = f"is longer than {MAX_LINE_BYTES >> 20} MB; the line was skipped"

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_TEXT_CONTROLS = frozenset(b"\t\n\r\f\x1b")
_CONTROLS = bytes(byte for byte in range(32) if byte not in _TEXT_CONTROLS) + b"\x7f"


class NotTextError(Exception):
    """The file is binary, though its name says text."""


@dataclass
class Source:
    """One file. ``position`` follows the reading, in bytes on disk (compressed if it is)."""

    path: Path
    name: str
    """Relative to the dataset's folder, ``/`` between, safe to print."""
    format: str
    """``jsonl``, ``json``, ``csv``, ``tsv``, ``parquet``, ``arrow``, ``text`` or ``markdown``."""
    size: int = 0
    """Bytes on disk."""
    compressed: bool = False
    class_names: dict[str, list[str]] = field(default_factory=dict)
    """Names of integer labels, by column, from the features of a saved ``datasets`` folder."""
    position: int = 0
    tick: Callable[[], None] | None = None
    """Called now and then while reading: reports progress, or raises to stop."""
    rows_known: int | None = None
    """Number of rows where the file itself tells it (Parquet)."""
    odd_line_ends: bool = False
    """Lines end in a carriage return alone."""
    _encoding: str = ""
    _raw: io.FileIO | None = None

    def open(self) -> io.BufferedReader | gzip.GzipFile:
        """The file's bytes, decompressed. Raises ``OSError``."""
        raw = self.path.open("rb", buffering=0)
        self._raw = raw
        try:
            # Gzip is known by its first bytes: many a .jsonl is compressed without saying so.
            self.compressed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
        except OSError:
            raw.close()
            raise
        if self.compressed:
            # GzipFile buffers by itself; a buffer over it would lose what lies before a damage.
            return gzip.GzipFile(fileobj=raw)
        return io.BufferedReader(raw, _BUFFER)

    def locate(self) -> int:
        """Bytes on disk read so far."""
        if self._raw is not None and not self._raw.closed:
            self.position = self._raw.tell()
        return self.position

    def close(self) -> None:
        if self._raw is not None:
            self._raw.close()
            self._raw = None

    def head(self, size: int = SNIFF_BYTES) -> bytes:
        """The first bytes, decompressed; fewer when the file is damaged further on."""
        pieces, got = [], 0
        try:
            with self.open() as handle:
                while got < size and (piece := handle.read1(size - got)):
                    pieces.append(piece)
                    got += len(piece)
        except (EOFError, zlib.error):
            if not pieces:
                raise
        finally:
            self.close()
        return b"".join(pieces)

    def encoding(self) -> str:
        """Its text encoding, told by its beginning. Raises ``NotTextError``, ``OSError``."""
        if not self._encoding:
            head = self.head()
            self._encoding = sniff_encoding(head)
            self.odd_line_ends = b"\r" in head and b"\n" not in head
        return self._encoding


def sniff_encoding(head: bytes) -> str:
    """Name the encoding of a text that begins with ``head``. Raises ``NotTextError``."""
    for mark, name in _BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return name
    sample = head[:65536]
    if sample.count(0) > len(sample) // 4:
        # UTF-16 without a mark: Latin text has a zero in every other byte.
        if sample[1::2].count(0) > len(sample) // 4:
            return "utf-16-le"
        if sample[0::2].count(0) > len(sample) // 4:
            return "utf-16-be"
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    if controls >= 4 and controls * 20 > len(sample):
        raise NotTextError
    if _is_utf8(head):
        return "utf-8"
    # One bad byte in a UTF-8 file must not turn all of it into Latin-1: the bad line is skipped.
    repaired = head.decode("utf-8", "replace")
    bad = repaired.count("\ufffd")
    if sum(character > "\x7f" for character in repaired) - bad > 4 * bad:
        return "utf-8"
    return _guess_legacy(sample)


def _is_utf8(head: bytes) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(head, final=len(head) < SNIFF_BYTES)
    except UnicodeDecodeError:
        return False
    return True


def _guess_legacy(sample: bytes) -> str:
    """The 8-bit encoding of a text that is not UTF-8. Raises ``NotTextError``."""
    accents = len(sample) - len(sample.translate(None, bytes(range(128, 256))))
    # In Cyrillic, Greek or Asian code pages most bytes are high ones, and their frequencies tell
    # which it is. Latin letters have an accent here and there: tried on French, Polish and Turkish
    # files, a guess was wrong too often, so it is the most usual code page, and the user is told.
    if accents > len(sample) // 4:
        from charset_normalizer import from_bytes

        best = from_bytes(sample).best()
        if best is None:
            raise NotTextError
        return best.encoding
    return "latin-1" if "\ufffd" in sample.decode("cp1252", "replace") else "cp1252"


def _tell_encoding(source: Source, encoding: str, log: ProblemLog) -> None:
    if encoding not in ("utf-8", "utf-8-sig"):
        advice = "" if encoding.startswith("utf") else "; save it as UTF-8 if letters look wrong"
        log.note(source.name, None, f"is not UTF-8; read as {encoding}{advice}")


def lines(source: Source, log: ProblemLog) -> Iterator[tuple[int, str]]:
    """(line number from 1, text with its line end) of a text file.

    Lines that are too long, hold a NUL or cannot be decoded are skipped with a message. Raises
    ``NotTextError`` and ``OSError``.
    """
    encoding = source.encoding()
    _tell_encoding(source, encoding, log)
    try:
        with source.open() as handle:
            if source.odd_line_ends or encoding.startswith(("utf-16", "utf-32")):
                raw: Iterator[tuple[int, str]] = _decoded_lines(source, handle, encoding, log)
            else:
                raw = _byte_lines(source, handle, encoding, log)
            tick = source.tick
            for number, text in raw:
                if tick is not None and not number & 511:
                    tick()
                if "\0" in text:
                    log.skip(source.name, number, "has a NUL character; the line was skipped")
                else:
                    yield number, text
    finally:
        source.close()


def _byte_lines(
    source: Source, handle: io.BufferedReader | gzip.GzipFile, encoding: str, log: ProblemLog
) -> Iterator[tuple[int, str]]:
    """Lines of an encoding in which the byte 10 is always a line end."""
    name = source.name
    codec = "utf-8" if encoding == "utf-8-sig" else encoding
    readline = handle.readline
    number = 0
    while raw := readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(raw) > MAX_LINE_BYTES:
            while not raw.endswith(b"\n") and (raw := readline(MAX_LINE_BYTES)):
                pass
            log.skip(name, number, _TOO_LONG)
            continue
        if number == 1:
            raw = raw.removeprefix(codecs.BOM_UTF8)
        try:
            text = raw.decode(codec)
        except UnicodeDecodeError as error:
            byte = raw[error.start]
            log.skip(name, number, f"byte 0x{byte:02x} is not {codec}; the line was skipped")
            continue
        yield number, text


def _decoded_lines(
    source: Source, handle: io.BufferedReader | gzip.GzipFile, encoding: str, log: ProblemLog
) -> Iterator[tuple[int, str]]:
    """Lines of an encoding with wide characters, or with line ends of old Macs."""
    text_handle = io.TextIOWrapper(handle, encoding, errors="replace", newline=None)
    number = 0
    while text := text_handle.readline(MAX_LINE_BYTES // 2):
        number += 1
        if len(text) >= MAX_LINE_BYTES // 2 and not text.endswith("\n"):
            while not text.endswith("\n") and (text := text_handle.readline(MAX_LINE_BYTES // 2)):
                pass
            log.skip(source.name, number, _TOO_LONG)
        elif "\ufffd" in text:
            log.skip(
                source.name, number, f"has bytes that are not {encoding}; the line was skipped"
            )
        else:
            yield number, text.removeprefix("\ufeff")


def chunks(source: Source, log: ProblemLog) -> Iterator[str]:
    """The text of a file in pieces of about 1 MB. Bad bytes become U+FFFD, with a message."""
    encoding = source.encoding()
    _tell_encoding(source, encoding, log)
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    line, told = 1, False
    try:
        with source.open() as handle:
            while raw := handle.read1(_BUFFER):
                if source.tick is not None:
                    source.tick()
                text = decoder.decode(raw)
                if not told and "\ufffd" in text and b"\xef\xbf\xbd" not in raw:
                    bad = line + text.count("\n", 0, text.index("\ufffd"))
                    log.note(source.name, bad, f"has bytes that are not {encoding}; replaced")
                    told = True
                line += text.count("\n")
                yield text
            yield decoder.decode(b"", final=True)
    finally:
        source.close()
