"""Which legal entity is meant? Identifiers are checked, and organisations found to be one are one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from steelyard.domain.errors import invalid

_LEI = re.compile(r"[0-9A-Z]{18}[0-9]{2}")
# ISO 3166-1 alpha-2, and XK, which registers of companies use for Kosovo.
COUNTRIES = frozenset(
    re.findall(
        "[A-Z]{2}",
        """
        AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY
        BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK
        FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR
        IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK
        ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM
        PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF
        TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW XK
        """,
    )
)


def checked_lei(value: Any, pointer: str = "/lei") -> str:
    """A Legal Entity Identifier (ISO 17442): 18 letters or digits and two check digits (ISO 7064, MOD 97-10)."""
    code = _code(value)
    if _LEI.fullmatch(code) is None:
        raise invalid(pointer, "lei", "must be 20 characters: 18 letters or digits, then two check digits")
    if int("".join(str(int(c, 36)) for c in code)) % 97 != 1:
        raise invalid(pointer, "lei", "has check digits that do not fit: a character is wrong")
    return code


def checked_country(value: Any, pointer: str = "/country") -> str:
    """A country by its two letters (ISO 3166-1 alpha-2)."""
    code = _code(value)
    if code not in COUNTRIES:
        raise invalid(pointer, "country", "must be a country's two letters (ISO 3166-1), such as DE")
    return code


def _code(value: Any) -> str:
    return value.strip().upper() if isinstance(value, str) and value.isascii() else ""


def roots(same_as: Mapping[int, int]) -> dict[int, int]:
    """For every organisation that is the same as another, the one that stands for both.

    A ring is refused where one is made; should there be one, its smallest member stands for all.
    """
    found: dict[int, int] = {}
    for start in same_as:
        seen = [start]
        while (following := same_as.get(seen[-1])) is not None and following not in seen:
            seen.append(following)
        found[start] = seen[-1] if following is None else min(seen[seen.index(following) :])
    return found
