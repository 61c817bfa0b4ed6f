"""The query language: what a user typed becomes free text and what must hold, and back again."""

from localsearch.query.parsing import parse_query, plain_text
from localsearch.query.problems import problems
from localsearch.query.writing import format_query

__all__ = ["format_query", "parse_query", "plain_text", "problems"]
