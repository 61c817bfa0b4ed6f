"""Is a file only in the cloud, so that reading it would download it?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os

# Apple's <sys/stat.h>: the content isn't on the disk.
SF_DATALESS = 0x40000000
# Windows' winnt.h: OFFLINE, RECALL_ON_OPEN, RECALL_ON_DATA_ACCESS.
_WINDOWS_REMOTE = 0x1000 | 0x40000 | 0x400000


def is_placeholder(status: os.stat_result) -> bool:
    """Whether the file's content is with a cloud service only, as macOS and Windows mark it."""
    return bool(
        getattr(status, "st_flags", 0) & SF_DATALESS
        or getattr(status, "st_file_attributes", 0) & _WINDOWS_REMOTE
    )
