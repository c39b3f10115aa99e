"""Under which names do providers, shipments, annotators and forms stand in a release?

Of providers that are left out nothing is told. An annotator's pseudonym is the same in every release of a project
and tells nothing to whoever has not the key.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from steelyard import forms
from steelyard.domain.form import Form
from steelyard.releases.part_files import FileEntry, PartKey
from steelyard.releases.spelling import RAW, Bytes
from steelyard.store import tables as t
from steelyard.store.database import Transaction

AT_ONCE = 1_000


class Source:
    """The names in one project's release; forms that were asked for stand in `forms` by digest."""

    def __init__(
        self,
        tx: Transaction,
        left_out: Collection[int] = (),
        *,
        licence: str | None = None,
        sensitivity: str = "internal",
        pseudonym_key: bytes | None = None,
    ) -> None:
        self._tx, self._left_out, self._licence, self._key = tx, left_out, licence, pseudonym_key
        self.sensitivity = sensitivity
        self.slugs: dict[int, str] = dict(tx.rows(sa.select(t.provider.c.id, t.provider.c.slug)))  # type: ignore[arg-type]
        self._shipments: dict[int, sa.Row[Any]] = {}
        self._forms: dict[int, str] = {}
        self.forms: dict[str, Form] = {}
        self._annotators = np.zeros((0, RAW), dtype=np.uint8)
        self._met = np.zeros(0, dtype=bool)

    def form(self, form_id: int) -> str:
        """The digest of a form, which stands in `forms` from then on."""
        if form_id not in self._forms:
            row = self._tx.rows(sa.select(t.form).where(t.form.c.id == form_id))[0]
            form = forms.parse_form(row.body)
            self._forms[form_id] = forms.digest(form)
            self.forms[self._forms[form_id]] = form
        return self._forms[form_id]

    def shipment(self, shipment_id: int | None) -> str | None:
        """Its public id."""
        return None if shipment_id is None else self._shipment(shipment_id).public_id

    def licence(self, shipment_id: int | None) -> str | None:
        """The SPDX expression under which what came in a shipment stands, or what came in none."""
        return self._licence

    def _shipment(self, shipment_id: int) -> sa.Row[Any]:
        if shipment_id not in self._shipments:
            query = sa.select(t.shipment).where(t.shipment.c.id == shipment_id)
            self._shipments[shipment_id] = self._tx.execute(query).one()
        return self._shipments[shipment_id]

    def shipments(self) -> list[sa.Row[Any]]:
        """Those that something here came in."""
        return sorted(self._shipments.values(), key=lambda row: row.public_id)

    def entry(self, key: PartKey) -> FileEntry:
        """What a manifest says of a part besides its bytes."""
        return {
            "provider": self.slugs[key.provider],
            "shipment": self.shipment(key.shipment),
            "day": key.day_name,
            "depends": sorted(self.slugs[p] for p in key.depends if p not in self._left_out),
            "licence": key.licence,
        }

    def annotators(self, keys: NDArray[np.int64]) -> Bytes:
        """The 12 bytes by which each annotator is named."""
        if (top := int(keys.max(initial=0))) >= len(self._met):
            grown = max(top + 1, 2 * len(self._met)) - len(self._met)
            self._annotators = np.concatenate([self._annotators, np.zeros((grown, RAW), dtype=np.uint8)])
            self._met = np.concatenate([self._met, np.zeros(grown, dtype=bool)])
        new = np.unique(keys[~self._met[keys]]).tolist()
        for at in range(0, len(new), AT_ONCE):
            query = sa.select(t.annotator.c.id, t.annotator.c.public_id).where(
                t.annotator.c.id.in_(new[at : at + AT_ONCE])
            )
            for row in self._tx.rows(query):
                self._annotators[row.id] = np.frombuffer(self._name(row.public_id), dtype=np.uint8)
                self._met[row.id] = True
        return self._annotators[keys]

    def _name(self, public_id: str) -> bytes:
        if self._key is None:
            return bytes.fromhex(public_id)
        return hmac.new(self._key, public_id.encode(), hashlib.sha256).digest()[:RAW]
