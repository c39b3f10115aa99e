"""Which formats hold shapes on pictures?"""

from __future__ import annotations

from steelyard.formats import coco, coco_read, voc, voc_read, yolo, yolo_read
from steelyard.formats.file_format import FileFormat

_SHOWS = "pictures that are stored here (PNG, JPEG, GIF, WebP, BMP)"
_LOST = (
    "text and other blocks, tags, metadata, confidence, ids of shapes; a task with several pictures comes back as one "
    "for each; a shape without a label gets the question's name"
)
_YOLO = f"{_LOST}; attributes; external ids (pictures are named by them where that can be a file name)"

FORMATS = (
    FileFormat(
        "coco",
        "COCO: `annotations/SPLIT.json` and `images/`; detection, segmentation with polygons and RLE, keypoints",
        kinds=coco.KINDS,
        shows=_SHOWS,
        loses=f"{_LOST}; which parts of a thing a mask had; attributes `instance` and `part_of` are named anew",
        write=coco.write,
        read=coco_read.read,
    ),
    FileFormat(
        "yolo",
        "YOLO as Ultralytics reads it: `data.yaml`, `images/SPLIT/`, `labels/SPLIT/`; detection or segmentation",
        kinds=("boxes", "polygons"),
        shows=_SHOWS,
        loses=f"{_YOLO}; turned boxes are left out",
        write=yolo.writer(turned=False),
        read=yolo_read.reader(turned=False),
        one=True,
    ),
    FileFormat(
        "yolo-obb",
        "YOLO with turned boxes: four corners each",
        kinds=("boxes",),
        shows=_SHOWS,
        loses=_YOLO,
        write=yolo.writer(turned=True),
        read=yolo_read.reader(turned=True),
        one=True,
    ),
    FileFormat(
        "voc",
        "Pascal VOC: `Annotations/`, `JPEGImages/`, `ImageSets/Main/`",
        kinds=("boxes",),
        shows=_SHOWS,
        loses=f"{_YOLO} but truncated, difficult and occluded; turned boxes are left out",
        write=voc.write,
        read=voc_read.read,
        one=True,
    ),
)
