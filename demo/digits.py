"""What are the image tasks, and what is the truth that nobody is told?

The 1,797 handwritten digits that scikit-learn carries, shuffled by the seed: some to fit the models on, the
rest are tasks. A task's name says nothing of the digit; the truth stays in this process.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from demo.place import Place
from demo.providers import FITTED_ON, MODELS, RIVAL

SLUG = "digits"
GOLD_EVERY = 12  # one task in so many has its answer sent along, as gold
PROJECT = {
    "name": "Digits",
    "instruction": "Which digit is written here?",
    "form": {
        "questions": [
            {"name": "digit", "title": "Digit", "kind": "choice", "options": [str(d) for d in range(10)]}
        ]
    },
    "policy": {"answers": 3, "gold_rate": 0.1, "lease_s": 120, "conflicts": [RIVAL]},
}


@dataclass(frozen=True)
class Digits:
    """`grey` n x 64 grey values 0..255; `fitting` and `tasks` are rows of it; `truth` by external id, of the
    tasks that are no gold."""

    grey: NDArray[np.uint8]
    label: NDArray[np.int64]
    fitting: NDArray[np.int64]
    tasks: NDArray[np.int64]

    @property
    def truth(self) -> dict[str, str]:
        return {
            external_id(place): str(self.label[row])
            for place, row in enumerate(self.tasks)
            if not is_gold(place)
        }


def external_id(place: int) -> str:
    return f"image-{place:04d}"


def is_gold(place: int) -> bool:
    return place % GOLD_EVERY == 0


def load(seed: int) -> Digits:
    from sklearn.datasets import load_digits

    found = load_digits()
    grey = np.rint(found.images.reshape(-1, 64) * (255 / 16)).astype(np.uint8)
    order = np.random.default_rng(seed).permutation(len(grey))
    return Digits(grey, found.target.astype(np.int64), order[:FITTED_ON], order[FITTED_ON:])


def write_training(digits: Digits, place: Place) -> None:
    """A file for each model with the images that it may learn from."""
    for provider in MODELS:
        rows = digits.fitting[list(provider.learns_from)]
        np.savez(place.training / f"{provider.slug}.npz", rows=digits.grey[rows], labels=_text(digits, rows))


def _text(digits: Digits, rows: NDArray[np.int64]) -> NDArray[np.str_]:
    return digits.label[rows].astype(str)


def tasks(digits: Digits) -> Iterator[dict[str, Any]]:
    """Every task as it is sent, the gold ones among the others."""
    for place, row in enumerate(digits.tasks):
        task: dict[str, Any] = {
            "external_id": external_id(place),
            "content": {"blocks": [{"type": "image", "url": _png(digits.grey[row])}]},
        }
        if is_gold(place):
            task["gold"] = {"digit": str(digits.label[row])}
        yield task


def _png(grey: NDArray[np.uint8]) -> str:
    file = io.BytesIO()
    Image.fromarray(grey.reshape(8, 8), mode="L").save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
