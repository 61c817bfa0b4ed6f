"""Goes on behind the breaks in a damaged page's drawing commands, which the library gives up at."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pypdf import PageObject

# A page that's broken more often holds no text any more.
_MAX_BREAKS = 50
_CONTENTS = "/Contents"


def skip_breaks(page: PageObject) -> None:
    """Give the page the commands that can be read in place of all; raises what the library does
    where there are none at all.
    """
    from pypdf.generic import ContentStream, NameObject

    content: Any = ContentStream(page[_CONTENTS], page.pdf, "bytes")
    data = content.get_data()
    for _ in range(_MAX_BREAKS):
        stream = BytesIO(data)
        try:
            # It adds commands one by one, so that those before the break are there.
            content._parse_content_stream(stream)
            break
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001 - on damage it raises whatever comes up
            stream.readline()
            data = data[stream.tell() :]
    commands = content._operations
    content.operations = commands
    page[NameObject(_CONTENTS)] = content
