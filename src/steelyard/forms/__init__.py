"""What can be asked, and what is an answer to it worth?

One module for each question kind; nothing outside this package knows how an answer of a kind looks.
"""

from __future__ import annotations

from steelyard.forms.answers import check_answers
from steelyard.forms.compare import distance, is_correct
from steelyard.forms.flat import cells, columns
from steelyard.forms.identity import digest, leaf_values, question_key
from steelyard.forms.merging import merge, merge_codes
from steelyard.forms.parse import parse_form
from steelyard.forms.settling import settle_one

__all__ = [
    "cells",
    "check_answers",
    "columns",
    "digest",
    "distance",
    "is_correct",
    "leaf_values",
    "merge",
    "merge_codes",
    "parse_form",
    "question_key",
    "settle_one",
]
