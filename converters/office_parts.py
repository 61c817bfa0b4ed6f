"""The lists in an office file that name its parts, mended where they name what isn't there.

Programs that make such files get these lists wrong: they spell a part's name differently, or go
on naming a picture that was taken out. Word and Excel don't mind; the libraries refuse the file.
"""

from __future__ import annotations

import posixpath
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from urllib.parse import unquote

from lxml import etree

from converters.xml_stream import xml_events

_TYPES = "[Content_Types].xml"
_RELATIONS = ".rels"
# The type of a relation to a sheet ends so. A workbook names its sheets by these relations.
_SHEET = "sheet"


def is_list(name: str) -> bool:
    """Whether a part of that name lists others."""
    return name.lower() == _TYPES.lower() or name.lower().endswith(_RELATIONS)


def mended_lists(
    parts: Iterable[str], lists: Mapping[str, bytes], notes: list[str]
) -> tuple[dict[str, str], dict[str, bytes]]:
    """What each part is called by those that list it, and the lists without dead ends.

    `parts` are all the names in the ZIP, `lists` the well-formed XML of those parts that
    `is_list`. Both answers have the names in the ZIP as keys. `notes` gets the sheets that aren't
    there.
    """
    parts = tuple(parts)
    plain = {part: part.replace("\\", "/").lstrip("/") for part in parts}
    types = next((part for part in lists if plain[part].lower() == _TYPES.lower()), None)
    spelled = {name.lower(): name for name in plain.values()}
    spelled[_TYPES.lower()] = _TYPES
    known = _Types(lists[types]) if types is not None else _Types(b"<none/>")
    spelled.update((name.lower(), name) for name in known.names if name.lower() in spelled)
    # Names that differ in capitals alone are those of different parts.
    alike = Counter(name.lower() for name in plain.values())
    exact = {name for name in plain.values() if alike[name.lower()] > 1}
    spelled.update((name, name) for name in exact)
    called = {
        part: name if name in exact else _spelled_relations(spelled, name)
        for part, name in plain.items()
    }
    mended = {
        part: data
        if part == types
        else _without_dead_ends(called[part], data, spelled, known, notes)
        for part, data in lists.items()
    }
    return called, mended


def related_parts(archive: zipfile.ZipFile, part: str) -> Iterator[tuple[str, str]]:
    """The type of each relation of a part in a checked package, and the part that it leads to."""
    folder, name = posixpath.split(part)
    relations = f"{folder}/_rels/{name}.rels"
    members = set(archive.namelist())
    if relations not in members:
        return
    for event in xml_events(BytesIO(archive.read(relations))):
        if event.name.endswith(" Relationship") and event.kind == "start":
            path = _path_of(event.attributes.get("Target", ""), folder)
            if event.attributes.get("TargetMode") != "External" and path in members:
                yield event.attributes.get("Type", ""), path


def _path_of(target: str, folder: str) -> str:
    """The name of the part that a relation of one in `folder` leads to."""
    return posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")


class _Types:
    """What the list of types has: parts by their names, and endings that stand for all others."""

    def __init__(self, data: bytes) -> None:
        root = _tree(data)
        overrides = [each.get("PartName", "") for each in root.iter("{*}Override")]
        self.names = tuple(name.lstrip("/") for name in overrides if name.strip("/"))
        self._named = {name.lower() for name in self.names}
        self._endings = {each.get("Extension", "").lower() for each in root.iter("{*}Default")}

    def has(self, name: str) -> bool:
        """Whether a part has a type; libraries refuse to follow a relation to one without."""
        return name.lower() in self._named or name.rpartition(".")[2].lower() in self._endings


def _spelled_relations(spelled: Mapping[str, str], name: str) -> str:
    """A part's name as the others spell it; a list of relations is called after the part."""
    folder, base = posixpath.split(name)
    owner_folder, middle = posixpath.split(folder)
    if not base.lower().endswith(_RELATIONS) or middle.lower() != "_rels":
        return spelled[name.lower()]
    owner = posixpath.join(owner_folder, base[: -len(_RELATIONS)])
    owner_folder, base = posixpath.split(spelled.get(owner.lower(), owner))
    return posixpath.join(owner_folder, "_rels", base + _RELATIONS)


def _without_dead_ends(
    name: str, data: bytes, spelled: Mapping[str, str], types: _Types, notes: list[str]
) -> bytes:
    """A list of relations without those that lead nowhere, the others as parts are called."""
    folder = posixpath.dirname(posixpath.dirname(name))
    root = _tree(data)
    is_changed = False
    for relation in list(root.iter("{*}Relationship")):
        if relation.get("TargetMode") == "External":
            continue
        path = _path_of(relation.get("Target", "").replace("\\", "/"), folder)
        found = spelled.get(path) or spelled.get(path.lower()) or spelled.get(unquote(path).lower())
        if found == path and types.has(path):
            continue
        if found is None and relation.get("Type", "").endswith(_SHEET):
            notes.append(f"{path} is missing")
            # The library passes over a sheet without a part, but not over one without a relation.
            continue
        is_changed = True
        if found is not None and types.has(found):
            relation.set("Target", f"/{found}")
        elif (parent := relation.getparent()) is not None:
            parent.remove(relation)
    return etree.tostring(root) if is_changed else data


def _tree(data: bytes) -> etree._Element:
    return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True))
