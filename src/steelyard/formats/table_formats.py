"""Which formats hold tasks of every kind as rows?"""

from __future__ import annotations

from steelyard.formats import (
    huggingface,
    huggingface_read,
    label_studio,
    label_studio_read,
    webdataset,
    webdataset_read,
)
from steelyard.formats.file_format import FileFormat
from steelyard.formats.label_studio_results import CONTROLS

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
    FileFormat(
        "label-studio",
        "Label Studio: `tasks.json` with annotations and predictions, `label_config.xml`, `images/`",
        kinds=tuple(CONTROLS),
        shows="anything; pictures that are stored here are copied",
        loses="attributes of spans and shapes, the tree of options, names of blocks, not applicable and notes; a "
        "rating below 1; whose judgment it was stands in `meta`; gold and splits",
        write=label_studio.write,
        read=label_studio_read.read,
        judgments=True,
    ),
    FileFormat(
        "webdataset",
        "WebDataset: tar shards `SPLIT-000000.tar`, of each task a `.json` and its pictures, sound and texts",
        kinds=(),
        shows="anything; media that are stored here are copied",
        loses="the judgments",
        write=webdataset.write,
        read=webdataset_read.read,
    ),
)
