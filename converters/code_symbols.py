"""Finds the symbols of a source file in its syntax tree: which lines are which function."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from converters.code_grammars import (
    DEFINING_CONTAINERS,
    DEFINING_WORDS,
    GRAMMARS,
    LEADING,
    LEADING_PARTS,
    WRAPPERS,
    Grammar,
)

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

_PARSE_BYTES = 2_000_000
_PARSE_TIME_S = 5.0
_SLICE_BYTES = 1 << 14
# A generated table of half a million nodes has no more symbols than its first part.
_MAX_NODES = 300_000
_MAX_NAME = 120
_MAX_DEPTH = 16
# Dart and Zig keep a function's body beside its signature, which is the symbol's node.
_SIGNATURES = frozenset(("function_signature", "getter_signature", "setter_signature", "FnProto"))
# Where a symbol's name stands when its node has no field of that name.
_NAME_FIELDS = (
    "name", "declarator", "pattern", "left", "lhs", "property", "key", "type", "function",
    "variable_type_function",
)  # fmt: skip
_NAME_TYPES = (
    "identifier", "name", "symbol", "constant", "word", "alias", "atom", "targets", "constructor",
    "STRINGLITERALSINGLE",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Symbol:
    """A function, class or the like: its qualified name, and its rows from 0, both included."""

    name: str
    first_row: int
    last_row: int
    depth: int


def find_symbols(text: str, language: str) -> list[Symbol] | None:
    """The symbols of a source text in the order of the file, containers before their members.

    None where the language has no grammar here, or where parsing takes too long.
    """
    grammar = GRAMMARS.get(language)
    data = text.encode("utf-8", "replace")
    if grammar is None or len(data) > _PARSE_BYTES:
        return None
    tree = _parse(data, language)
    return None if tree is None else _Walk(grammar, data).run(tree.root_node)


def _parse(data: bytes, language: str) -> Tree | None:
    # Imported here: the grammars are large, and most indexing runs meet few languages.
    from tree_sitter_language_pack import get_parser

    deadline = time.monotonic() + _PARSE_TIME_S
    late = False

    def read(offset: int, _point: object) -> bytes:
        # The parser has no time limit of its own; the end of the file makes it finish early.
        nonlocal late
        late = late or time.monotonic() > deadline
        return b"" if late else data[offset : offset + _SLICE_BYTES]

    tree = get_parser(language).parse(read)  # type: ignore[arg-type]
    return None if late else tree


class _Walk:
    """One pass over a tree, without recursion: hostile files nest deeper than Python's stack."""

    def __init__(self, grammar: Grammar, data: bytes) -> None:
        self._grammar = grammar
        self._data = data
        self._symbols: list[Symbol] = []
        self._leading_rows: set[int] = set()

    def run(self, root: Node) -> list[Symbol]:
        # (node, name of the container, depth of containers, row where a wrapper began)
        stack: list[tuple[Node, str, int, int | None]] = [(root, "", 0, None)]
        visited = 0
        while stack and visited < _MAX_NODES:
            node, prefix, depth, wrapped = stack.pop()
            visited += 1
            if self._is_leading(node):
                self._leading_rows.update(range(node.start_point[0], _last_row(node) + 1))
                continue
            found = self._definition(node)
            if found is not None:
                name, is_container = found
                qualified = f"{prefix}.{name}" if prefix else name
                self._add(node, qualified, depth, wrapped)
                if not is_container or depth >= _MAX_DEPTH:
                    continue
                prefix, depth, wrapped = qualified, depth + 1, None
            elif node.type in WRAPPERS:
                wrapped = node.start_point[0] if wrapped is None else wrapped
            elif node.start_point[0] != wrapped:
                wrapped = None
            stack.extend(
                (child, prefix, depth, wrapped)
                for child in reversed(node.named_children)
                if child.named_child_count or self._is_leading(child)
            )
        return self._symbols

    def _is_leading(self, node: Node) -> bool:
        kind = node.type
        return kind in LEADING or any(part in kind for part in LEADING_PARTS)

    def _add(self, node: Node, name: str, depth: int, wrapped: int | None) -> None:
        first = node.start_point[0] if wrapped is None else wrapped
        while first - 1 in self._leading_rows:
            first -= 1
        last = _last_row(node)
        if node.type in _SIGNATURES:
            parent = node.parent
            signed = parent if parent is not None and parent.type == "method_signature" else node
            sibling = signed.next_named_sibling
            if sibling is not None and sibling.type in ("function_body", "Block"):
                last = max(last, _last_row(sibling))
        self._symbols.append(Symbol(name, first, last, depth))

    def _definition(self, node: Node) -> tuple[str, bool] | None:
        """The name of what the node defines, and whether its members are symbols too."""
        kind, grammar = node.type, self._grammar
        if kind in ("call", "list_lit") and kind in grammar.containers | grammar.leaves:
            return self._defining_call(node)
        if kind in grammar.bindings:
            value = self._bound_value(node)
            name = self._name(node) if value is not None else ""
            is_container = value is not None and value.type in (
                *grammar.containers,
                "ContainerDecl",
            )
            return (name, is_container) if name else None
        if kind in grammar.containers:
            name = self._name(node)
            return (name, True) if name else None
        if kind in grammar.leaves and _has_body(node):
            name = self._name(node)
            return (name, False) if name else None
        return None

    def _bound_value(self, node: Node) -> Node | None:
        pending = list(node.named_children)
        for _ in range(3):
            for child in pending:
                if child.type in self._grammar.values:
                    return child
            # Lists of values (Lua) and chains of operators (Zig) stand in between.
            pending = [
                grandchild
                for child in pending
                if child.type in ("expression_list", "ErrorUnionExpr", "SuffixExpr")
                for grandchild in child.named_children
            ]
        return None

    def _defining_call(self, node: Node) -> tuple[str, bool] | None:
        children = node.named_children
        word = self._text(children[0]) if children else ""
        if word not in DEFINING_WORDS or len(children) < 2:
            return None
        target = children[1]
        while target.type in ("arguments", "binary_operator", "call") and target.named_children:
            target = target.named_children[0]
        name = self._text(target).strip("\"' ")
        return (name, word in DEFINING_CONTAINERS) if name else None

    def _name(self, node: Node) -> str:
        if node.type == "block":  # HCL: resource "aws_instance" "web"
            parts = [c for c in node.named_children if c.type in ("identifier", "string_lit")]
            return ".".join(self._text(part).strip('"') for part in parts)
        if node.type in ("init_declaration", "deinit_declaration"):  # Swift
            return node.type.removesuffix("_declaration")
        name = self._text(_name_node(node)).strip("\"'")
        receiver = node.child_by_field_name("receiver")
        if receiver is not None:  # Go: func (p *Point[T]) Move()
            owner = self._text(receiver).strip("()").split("[")[0].replace("*", " ").split()
            name = f"{owner[-1]}.{name}" if owner else name
        return name.replace("::", ".").replace(":", ".")

    def _text(self, node: Node | None) -> str:
        if node is None:
            return ""
        end = min(node.end_byte, node.start_byte + 4 * _MAX_NAME)
        text = self._data[node.start_byte : end].decode("utf-8", "replace")
        return " ".join(text.split())[:_MAX_NAME]


def _last_row(node: Node) -> int:
    row, column = node.end_point[0], node.end_point[1]
    # Some grammars count the line break in: such a node ends before the first column.
    return row - 1 if column == 0 and row > node.start_point[0] else row


def _has_body(node: Node) -> bool:
    # `struct point *p;` mentions a type, `struct point { … };` defines it.
    if node.type in ("struct_specifier", "union_specifier", "enum_specifier"):
        return node.child_by_field_name("body") is not None
    # What an interface only announces belongs to the interface's own block.
    if node.type == "method_declaration" and node.child_by_field_name("name") is not None:
        return node.child_by_field_name("body") is not None
    return True


def _name_node(node: Node) -> Node | None:
    """The node that holds a definition's name: by field where there's one, else the first name."""
    for _ in range(8):
        inner = next(
            (found for field in _NAME_FIELDS if (found := node.child_by_field_name(field))), None
        )
        if inner is None:
            break
        node = inner
        if node.type.endswith(("identifier", "name", "index_expression", "member_expression")):
            return node
    else:
        return node
    pending = [node]
    for _ in range(3):
        if node.child_count == 0:
            return node
        children = [child for each in pending for child in each.named_children]
        for child in children:
            if child.type.endswith(_NAME_TYPES):
                return child
        pending = children
    return None
