"""Which classifiers answer as providers?

`steelyard provider run demo.models:NAME` asks for one of them; it is fitted then, in that worker's process,
from a file that holds its own training images and nothing else. So a worker never has a task's answer.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

TRAINING = "DEMO_TRAINING"  # the environment variable that names the folder of training files
Rows = NDArray[np.float64]


def whole(rows: Rows) -> Rows:
    """Grey values 0..255, 64 an image, as parts of one."""
    return rows / 255.0


def quarter(rows: Rows) -> Rows:
    """The image at 4x4 pixels."""
    return rows.reshape(-1, 4, 2, 4, 2).mean(axis=(2, 4)).reshape(-1, 16) / 255.0


def upper_half(rows: Rows) -> Rows:
    """The upper four of eight lines."""
    return rows[:, :32] / 255.0


_MADE = {
    "alderbrook": lambda: (whole, SVC(kernel="rbf", gamma="scale")),
    "birkmoor": lambda: (quarter, KNeighborsClassifier(n_neighbors=3)),
    "calderby": lambda: (upper_half, LogisticRegression(C=10.0, max_iter=2000)),
    "dunmere": lambda: (whole, DecisionTreeClassifier(max_depth=6, random_state=0)),
}


def fitted(name: str, rows: Rows, labels: NDArray[Any]) -> Pipeline:
    """The classifier of that name, fitted on these images."""
    view, classifier = _MADE[name]()
    return make_pipeline(FunctionTransformer(view), classifier).fit(rows, labels)


def __getattr__(name: str) -> Pipeline:
    if name not in _MADE:
        raise AttributeError(name)
    with np.load(Path(os.environ[TRAINING]) / f"{name}.npz") as given:
        return fitted(name, given["rows"].astype(np.float64), given["labels"])
