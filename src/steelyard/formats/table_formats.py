"""Which formats hold tasks of every kind as rows?"""

from __future__ import annotations

from steelyard.formats import huggingface, huggingface_read
from steelyard.formats.file_format import FileFormat

FORMATS = (
    FileFormat(
        "huggingface",
        "A dataset folder that `datasets.load_dataset(DIR)` loads: Parquet and a README.md",
        kinds=(),
        shows="anything; pictures go in as bytes, other media by their address",
        loses="the order of blocks of different types, fields of messages beside role and content, the judgments",
        write=huggingface.write,
        read=huggingface_read.read,
    ),
)
