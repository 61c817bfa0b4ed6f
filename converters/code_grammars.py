"""What tree-sitter's grammars call functions, classes and their like, by language. Data only.

Node names are those of tree-sitter-language-pack 0.13; a test holds them against the grammars.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Grammar:
    """Which nodes of a language's trees are symbols.

    `containers` hold members that are symbols of their own (classes, modules); `leaves` are taken
    whole (functions); `bindings` are symbols where one of the `values` is bound to a name.
    """

    containers: frozenset[str] = frozenset()
    leaves: frozenset[str] = frozenset()
    bindings: frozenset[str] = frozenset()
    values: frozenset[str] = frozenset()


def _grammar(
    containers: str = "", leaves: str = "", bindings: str = "", values: str = ""
) -> Grammar:
    return Grammar(
        frozenset(containers.split()),
        frozenset(leaves.split()),
        frozenset(bindings.split()),
        frozenset(values.split()),
    )


_JAVASCRIPT = _grammar(
    "class_declaration class",
    "function_declaration generator_function_declaration method_definition",
    "variable_declarator assignment_expression field_definition pair",
    "arrow_function function_expression generator_function class",
)
_TYPESCRIPT = _grammar(
    "class_declaration abstract_class_declaration class internal_module module",
    "function_declaration generator_function_declaration method_definition interface_declaration"
    " type_alias_declaration enum_declaration",
    "variable_declarator assignment_expression public_field_definition pair",
    "arrow_function function_expression generator_function class",
)
_C = _grammar(
    "",
    "function_definition struct_specifier union_specifier enum_specifier type_definition"
    " preproc_function_def",
)
_CPP = _grammar(
    "class_specifier struct_specifier namespace_definition",
    "function_definition union_specifier enum_specifier type_definition concept_definition"
    " preproc_function_def alias_declaration",
)

GRAMMARS: dict[str, Grammar] = {
    "bash": _grammar("", "function_definition"),
    "c": _C,
    "clojure": _grammar("", "list_lit"),
    "cpp": _CPP,
    "csharp": _grammar(
        "class_declaration struct_declaration record_declaration namespace_declaration"
        " interface_declaration",
        "method_declaration constructor_declaration destructor_declaration enum_declaration"
        " operator_declaration delegate_declaration",
    ),
    "cuda": _CPP,
    "d": _grammar(
        "class_declaration struct_declaration interface_declaration union_declaration"
        " template_declaration",
        "function_declaration constructor enum_declaration",
    ),
    "dart": _grammar(
        "class_definition mixin_declaration extension_declaration",
        "function_signature getter_signature setter_signature enum_declaration type_alias",
    ),
    "elisp": _grammar("", "function_definition macro_definition"),
    "elixir": _grammar("call"),
    "elm": _grammar("", "value_declaration type_declaration type_alias_declaration"),
    "erlang": _grammar("", "fun_decl record_decl type_alias"),
    "fortran": _grammar("module submodule program", "subroutine function derived_type_definition"),
    "fsharp": _grammar("module_defn", "type_definition function_or_value_defn member_defn"),
    "gdscript": _grammar("class_definition", "function_definition enum_definition"),
    "go": _grammar("", "function_declaration method_declaration type_spec type_alias"),
    "graphql": _grammar(
        "",
        "object_type_definition interface_type_definition enum_type_definition"
        " input_object_type_definition union_type_definition scalar_type_definition"
        " operation_definition fragment_definition",
    ),
    "haskell": _grammar(
        "", "function bind data_type newtype class instance type_synomym type_family"
    ),
    "hcl": _grammar("", "block"),
    "java": _grammar(
        "class_declaration interface_declaration record_declaration"
        " annotation_type_declaration enum_declaration",
        "method_declaration constructor_declaration compact_constructor_declaration",
    ),
    "javascript": _JAVASCRIPT,
    "julia": _grammar(
        "module_definition",
        "function_definition macro_definition struct_definition abstract_definition",
        "assignment",
        "call_expression",
    ),
    "kotlin": _grammar(
        "class_declaration object_declaration", "function_declaration secondary_constructor"
    ),
    "lua": _grammar("", "function_declaration", "assignment_statement", "function_definition"),
    "luau": _grammar("", "function_declaration", "assignment_statement", "function_definition"),
    "make": _grammar("", "rule"),
    "matlab": _grammar("class_definition", "function_definition"),
    "nim": _grammar(
        "",
        "proc_declaration func_declaration method_declaration template_declaration"
        " macro_declaration iterator_declaration type_declaration",
    ),
    "objc": _grammar(
        "class_interface class_implementation protocol_declaration",
        "function_definition method_definition struct_specifier enum_specifier",
    ),
    "ocaml": _grammar(
        "module_definition class_definition", "value_definition type_definition external"
    ),
    "ocaml_interface": _grammar(
        "module_definition class_definition", "value_specification type_definition external"
    ),
    "odin": _grammar("", "procedure_declaration struct_declaration enum_declaration"),
    "pascal": _grammar("", "defProc declType"),
    "perl": _grammar(
        "class_statement", "subroutine_declaration_statement method_declaration_statement"
    ),
    "php": _grammar(
        "class_declaration trait_declaration interface_declaration",
        "function_definition method_declaration enum_declaration",
    ),
    "powershell": _grammar(
        "class_statement", "function_statement class_method_definition enum_statement"
    ),
    "proto": _grammar("", "message service enum"),
    "python": _grammar("class_definition", "function_definition"),
    "r": _grammar("", "", "binary_operator", "function_definition"),
    "ruby": _grammar("class module", "method singleton_method"),
    "rust": _grammar(
        "impl_item mod_item trait_item",
        "function_item struct_item enum_item union_item macro_definition type_item",
    ),
    "scala": _grammar(
        "class_definition object_definition trait_definition enum_definition",
        "function_definition type_definition given_definition",
    ),
    "solidity": _grammar(
        "contract_declaration library_declaration interface_declaration",
        "function_definition constructor_definition modifier_definition struct_declaration"
        " enum_declaration event_definition",
    ),
    "sql": _grammar(
        "",
        "create_table create_view create_materialized_view create_function create_trigger"
        " create_type create_index alter_table",
    ),
    "starlark": _grammar("", "function_definition"),
    "swift": _grammar(
        "class_declaration protocol_declaration",
        "function_declaration init_declaration deinit_declaration typealias_declaration",
    ),
    "tsx": _TYPESCRIPT,
    "typescript": _TYPESCRIPT,
    "verilog": _grammar(
        "", "module_declaration function_declaration task_declaration class_declaration"
    ),
    "vim": _grammar("", "function_definition"),
    "zig": _grammar("", "FnProto TestDecl", "VarDecl", "ContainerDecl"),
}

# Nodes that stand around a symbol and begin where it begins for its reader.
WRAPPERS = frozenset(
    (
        "export_statement", "decorated_definition", "template_declaration", "lexical_declaration",
        "variable_declaration", "expression_statement", "type_declaration", "statement",
        "declaration_expression", "Decl", "value_definition", "ambient_declaration",
        "declaration", "method_signature", "linkage_specification",
        "local_declaration", "module_definition",
    )
)  # fmt: skip

# Parts of the names of nodes that belong to the symbol beneath them.
LEADING_PARTS = ("comment", "haddock", "attribute_item", "annotation", "decorator", "pod")
LEADING = frozenset(
    ("signature", "unary_operator", "attribute_list", "attribute", "spec", "type_signature")
)

# Calls and lists that define something, in languages whose definitions are calls and lists.
DEFINING_WORDS = frozenset(
    (
        "def", "defp", "defmacro", "defmacrop", "defmodule", "defprotocol", "defimpl", "defn",
        "defn-", "defmulti", "defmethod", "defrecord", "deftype", "definterface", "deftest",
        "defguard", "defdelegate", "test", "describe",
    )
)  # fmt: skip
DEFINING_CONTAINERS = frozenset(("defmodule", "defprotocol", "defimpl", "describe"))
