"""Which formats hold shapes on pictures?"""

from __future__ import annotations

from steelyard.formats import coco, coco_read
from steelyard.formats.file_format import FileFormat

_LOST = "text and other blocks, tags, metadata, confidence, ids of shapes"

FORMATS = (
    FileFormat(
        "coco",
        "COCO: `annotations/SPLIT.json` and `images/`; detection, segmentation with polygons and RLE, keypoints",
        kinds=coco.KINDS,
        shows="pictures that are stored here (PNG, JPEG, GIF, WebP, BMP)",
        loses=f"{_LOST}; a task with several pictures comes back as one for each; a shape without a label gets the "
        "question's name",
        write=coco.write,
        read=coco_read.read,
    ),
)
