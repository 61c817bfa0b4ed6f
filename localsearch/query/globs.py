"""Which paths does a glob of the query language, `path:src/**`, mean?"""

from __future__ import annotations

import functools
import os
import re
import unicodedata


@functools.lru_cache(maxsize=64)
def path_pattern(glob: str) -> re.Pattern[str] | None:
    """What matches the paths that a glob means, slashes between their parts and none before them.

    Globs are those of `.gitignore`, found at any depth unless they begin at the root or at home
    (`~`). Paths have to be in NFC. None for one that means nothing, such as `[z-a]`.
    """
    from pathspec.patterns.gitignore.basic import GitIgnoreBasicPattern

    from localsearch.scanning.gitignore import MAX_DOUBLE_STARS, compile_glob

    try:
        expanded = os.path.expanduser(unicodedata.normalize("NFC", glob))
        if expanded.split("/").count("**") > MAX_DOUBLE_STARS:
            return None
        # A glob with a slash would be anchored; people mean "a folder src anywhere".
        anchored = expanded if os.path.isabs(expanded) else f"**/{expanded}"
        expression, _ = GitIgnoreBasicPattern.pattern_to_regex(anchored)
        return None if expression is None else compile_glob(expression)
    except (ValueError, OverflowError, re.error):
        return None
