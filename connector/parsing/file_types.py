"""Which files are held back: what could run, or hides what could, by name and by content.

Nothing is opened or run: of an archive the list of names is read, of a file its first bytes.
What cannot be looked into (encrypted, unknown packers) is held back too. Helpdesks scan what is
passed on; this only keeps out what no patient has a reason to send.
"""

from __future__ import annotations

import io
import re
import struct
import tarfile
import unicodedata
import zipfile
from collections.abc import Iterator
from typing import Final

MAX_ARCHIVE_NAMES: Final = 10_000
"""An archive with more entries is held back."""
MAX_DIRECTORY_BYTES: Final = 1_048_576
"""A zip directory that is longer is not read."""
SNIFFED_BYTES: Final = 65_536
"""Of a file so much is searched for marks."""
MAX_TAR_BYTES: Final = 33_554_432
"""A longer tar is not walked."""

PROGRAM: Final = "a program"
SCRIPT: Final = "a script"
MACROS: Final = "an office file with macros"
DISK: Final = "a disk image"
CLOSED: Final = "an archive that cannot be looked into"
NESTED: Final = "an archive within an archive"


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_SUFFIXES: Final = {
    PROGRAM: _set(
        "exe com scr pif cpl dll sys drv ocx msi msp mst msix msixbundle appx appxbundle bin elf "
        "run app deb rpm apk ipa jar class pkg gadget application xll ax efi so dylib "
        "appimage snap flatpak xap"
    ),
    SCRIPT: _set(
        "bat cmd ps1 ps1xml psm1 psd1 ps2 psc1 msh msh1 vbs vbe vb js jse mjs ws wsf wsc wsh sct "
        "hta sh bash zsh csh ksh command py pyc pyw pyz pl rb php phtml lua tcl ahk au3 reg inf "
        "scf lnk url desktop website webloc library-ms search-ms settingcontent-ms jnlp chm hlp "
        "shb shs job msc appref-ms diagcab iqy slk rdp theme themepack xbap workflow action cgi"
    ),
    MACROS: _set(
        "docm dotm xlsm xltm xlam xlsb pptm potm ppam ppsm sldm xla mdb accdb ade adp one"
    ),
    DISK: _set("iso img vhd vhdx vmdk dmg udf vdi qcow2 toast nrg mdf wim ova"),
    CLOSED: _set(
        "rar 7z cab ace arj lzh lha zoo xz lzma bz2 tbz tbz2 txz tgz gz z zst arc uue r00"
    ),
}
_BY_SUFFIX: Final = {suffix: why for why, group in _SUFFIXES.items() for suffix in group}
_ARCHIVES: Final = _SUFFIXES[CLOSED] | {"zip", "zipx", "tar"}
_DOCUMENTS: Final = _set(
    "pdf doc docx xls xlsx ppt pptx odt ods txt rtf csv jpg jpeg png gif bmp heic mp3 wav mp4 mov "
    "htm html eml zip"
)

# First bytes of what runs, of disks, and of archives whose names cannot be listed here.
_MAGIC: Final[tuple[tuple[bytes, str], ...]] = (
    (b"\x7fELF", PROGRAM),
    (b"\xfe\xed\xfa\xce", PROGRAM),
    (b"\xfe\xed\xfa\xcf", PROGRAM),
    (b"\xce\xfa\xed\xfe", PROGRAM),
    (b"\xcf\xfa\xed\xfe", PROGRAM),
    (b"\xca\xfe\xba\xbe", PROGRAM),
    (b"dex\n", PROGRAM),
    (b"!<arch>\n", PROGRAM),
    (b"\xed\xab\xee\xdb", PROGRAM),
    (b"#!", SCRIPT),
    (b"L\x00\x00\x00\x01\x14\x02\x00", SCRIPT),
    (b"ITSF", SCRIPT),
    (b"@echo off", SCRIPT),
    (b"vhdxfile", DISK),
    (b"conectix", DISK),
    (b"KDMV", DISK),
    (b"MSWIM\x00", DISK),
    (b"QFI\xfb", DISK),
    (b"Rar!\x1a\x07", CLOSED),
    (b"7z\xbc\xaf\x27\x1c", CLOSED),
    (b"MSCF", CLOSED),
    (b"\xfd7zXZ\x00", CLOSED),
    (b"BZh", CLOSED),
    (b"\x1f\x8b", CLOSED),
    (b"\x1f\x9d", CLOSED),
    (b"\x28\xb5\x2f\xfd", CLOSED),
    (b"\x78\x9f\x3e\x22", CLOSED),
)
_MZ_MIN_BYTES: Final = 64
_ISO_AT: Final = (0x8001, 0x8801, 0x9001)
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_PROGRAM: Final = b"\x84\x10\x0c\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46"
_ONENOTE: Final = b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3"
_MACRO_MARKS: Final = tuple(
    mark.encode("utf-16-le") for mark in ("_VBA_PROJECT", "Macros", "VBA_PROJECT_CUR")
)
_PAGE: Final = re.compile(rb"<(?:!doctype html|html|svg|body|head|\?xml)[\s>]", re.IGNORECASE)
_PAGE_SCRIPT: Final = re.compile(
    rb"<script[\s>/]|javascript:|\bon(?:load|error)\s{0,5}=", re.IGNORECASE
)
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_ENCRYPTED: Final = 0x1
_UNREADABLE: Final = (
    zipfile.BadZipFile,
    tarfile.TarError,
    struct.error,
    ValueError,
    OverflowError,
    NotImplementedError,
    OSError,
    EOFError,
    RecursionError,
)
_EOCD: Final = struct.Struct("<4s4H2LH")


def danger_of(name: str, content: bytes) -> str:
    """Say why a file is held back, as a few words; empty: it may be passed on.

    Never raises; time and memory are bounded by the size of the content.
    """
    return _by_name(name) or _by_content(content)


def _suffixes(name: str) -> list[str]:
    """Give the endings of a name as systems would read them, the last one last."""
    plain = unicodedata.normalize("NFKC", name).casefold().replace("\\", "/").rpartition("/")[2]
    return [part.strip() for part in plain.rstrip(". \t").split(".")[1:]]


def _by_name(name: str) -> str:
    endings = _suffixes(name)
    if not endings:
        return ""
    why = _BY_SUFFIX.get(endings[-1], "")
    if why and why is not CLOSED and len(endings) > 1 and endings[-2] in _DOCUMENTS:
        return f"{why} named like a document"
    return why


def _by_content(content: bytes) -> str:
    first = content[:SNIFFED_BYTES]
    if why := _by_marks(first, content):
        return why
    if first.startswith(_OLE):
        return _in_compound(content)
    if first.startswith(_ZIP):
        return _in_zip(content)
    if content[257:262] == b"ustar":
        return _in_tar(content)
    scripted = _PAGE.search(first[:4_096]) and _PAGE_SCRIPT.search(content[:1_048_576])
    return SCRIPT if scripted else ""


def _by_marks(first: bytes, content: bytes) -> str:
    """Know a kind of file by bytes at fixed places."""
    if why := next((why for magic, why in _MAGIC if first.startswith(magic)), ""):
        return why
    if first.startswith(b"MZ") and len(content) >= _MZ_MIN_BYTES:
        return PROGRAM
    if any(content[at : at + 5] == b"CD001" for at in _ISO_AT) or content[-512:-508] == b"koly":
        return DISK
    return MACROS if first.startswith(_ONENOTE) else ""


def _in_compound(content: bytes) -> str:
    """Look for macros in an old office file, or an installer in the same container."""
    if content[: SNIFFED_BYTES * 16].find(_OLE_PROGRAM) >= 0:
        return PROGRAM
    return MACROS if any(mark in content for mark in _MACRO_MARKS) else ""


def _in_zip(content: bytes) -> str:
    """Judge a zip by the names in it; office files are zips too."""
    names = _zip_names(content)
    if names is None:
        return CLOSED
    if any(name.casefold().endswith("vbaproject.bin") for name in names):
        return MACROS
    if "[Content_Types].xml" in names or "mimetype" in names[:1]:
        return _in_office(names)
    return _in_archive(names)


def _zip_names(content: bytes) -> list[str] | None:
    """Read the names in a zip; None when they cannot be read or their content is encrypted."""
    if _directory_bytes(content) > MAX_DIRECTORY_BYTES:
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
    except _UNREADABLE:
        return None
    if len(entries) > MAX_ARCHIVE_NAMES or any(one.flag_bits & _ENCRYPTED for one in entries):
        return None
    return [one.filename for one in entries]


def _in_office(names: list[str]) -> str:
    """An office file holds parts such as `.bin` and `.xml`; a program among them is embedded."""
    inside = [name for name in names if _suffixes(name)[-1:] != ["bin"]]
    return next((f"a document with {why} in it" for why in _dangers(inside)), "")


def _in_archive(names: list[str]) -> str:
    if any(_suffixes(name)[-1:] and _suffixes(name)[-1] in _ARCHIVES for name in names):
        return NESTED
    return next((f"an archive with {why} in it" for why in _dangers(names)), "")


def _dangers(names: list[str]) -> Iterator[str]:
    for name in names:
        why = _BY_SUFFIX.get((_suffixes(name) or [""])[-1], "")
        if why:
            yield why


def _directory_bytes(content: bytes) -> int:
    """Give the length of a zip's directory, as its end claims; too long when there is no end."""
    at = content.rfind(b"PK\x05\x06", max(0, len(content) - 65_557))
    if at < 0 or len(content) - at < _EOCD.size:
        return MAX_DIRECTORY_BYTES + 1
    return int(_EOCD.unpack_from(content, at)[5])


def _in_tar(content: bytes) -> str:
    if len(content) > MAX_TAR_BYTES:
        return CLOSED
    names: list[str] = []
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
            for member in archive:
                names.append(member.name)
                if len(names) > MAX_ARCHIVE_NAMES:
                    return CLOSED
    except _UNREADABLE:
        return CLOSED
    return _in_archive(names)
