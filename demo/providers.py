"""Who answers in the demo? Names, owners and prices are made up; how good each one is, is not.

Every model learns from images of its own, none of which is a task, and sees them in its own way.
"""

from __future__ import annotations

from dataclasses import dataclass

RIVAL = "Rival Laboratory"  # named in the project's conflicts
STAKE = 0.49


@dataclass(frozen=True)
class ModelProvider:
    """`learns_from`: which of the images that are set apart for fitting; `what` says in a line what it is."""

    name: str
    owner: str
    price: str
    learns_from: range
    what: str

    @property
    def slug(self) -> str:
        return self.name.lower()


MODELS = (
    ModelProvider("Alderbrook", "Alderbrook Group", "0.080", range(80), "support vectors on 80 whole images"),
    ModelProvider(
        "Birkmoor", "Birkmoor Partners", "0.045", range(60, 210), "three neighbours among 150 images at 4x4"
    ),
    ModelProvider(
        "Calderby", "Calderby Works", "0.030", range(100, 300), "logistic regression on 200 upper halves"
    ),
    ModelProvider("Dunmere", "Dunmere Sons", "0.010", range(240, 300), "a shallow tree on 60 whole images"),
)
FITTED_ON = 300  # images set apart for fitting, for all of them together
BOUGHT_INTO = MODELS[1]  # the one that the rival takes its stake in
LEXICON_PROVIDER = ("Elmstow", "Elmstow Panels")  # name, owner
