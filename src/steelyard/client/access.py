"""Who may: keys, people, teams and settings."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import IO, Any

from steelyard.client.shapes import Key, NewKey, Person, Team
from steelyard.client.transport import Transport, given, quoted


class Access(Transport):
    """Keys and the people who hold them."""

    def create_key(
        self, role: str, *, name: str | None = None, provider: str | None = None, mode: str = "live"
    ) -> NewKey:
        """Makes a key for a person, who is made where there is none of that name. The key is shown this once, so
        this is not repeated by itself: after `Unreachable` look at `keys` for one that nobody has."""
        return self.post("/api/keys", given(role=role, name=name, provider=provider, mode=mode))

    def keys(self) -> Iterator[Key]:
        """Keys with whose they are, newest first; never the keys themselves."""
        return self.pages("/api/keys")

    def revoke_key(self, key_id: str) -> None:
        """Ends a key and every session that it opened."""
        self.delete(f"/api/keys/{quoted(key_id)}")

    def people(self, *, provider: str | None = None, name: str | None = None) -> Iterator[Person]:
        """People whom the key's role reaches."""
        return self.pages("/api/people", {"provider": provider, "name": name})

    def person(self, person: str) -> Person:
        """One person, by its id."""
        return self.get(f"/api/people/{quoted(person)}")

    def update_person(self, person: str, **changes: Any) -> Person:
        """Changes `languages`, `skills` or `email`; a list replaces the one before."""
        return self.patch(f"/api/people/{quoted(person)}", changes)

    def export_person(self, person: str, file: IO[bytes]) -> None:
        """Writes all that is kept of one person into an open file, as JSON Lines."""
        self.download(f"/api/people/{quoted(person)}/export", None, file)

    def teams(self, *, name: str | None = None) -> Iterator[Team]:
        """Teams with the people in them."""
        return self.pages("/api/teams", {"name": name})

    def team(self, team: str) -> Team:
        """One team, by its id."""
        return self.get(f"/api/teams/{quoted(team)}")

    def create_team(self, name: str, people: list[str] | None = None) -> Team:
        """Makes a team of people (ids or names), once."""
        return self.post("/api/teams", given(name=name, people=people), idempotency_key=uuid.uuid4().hex)

    def update_team(self, team: str, **changes: Any) -> Team:
        """Changes `name` or `people`; a list replaces the one before."""
        return self.patch(f"/api/teams/{quoted(team)}", changes)

    def delete_team(self, team: str, *, force: bool = False) -> None:
        """Gives a team up; `force` also while work waits for it, which then everybody may take."""
        self.delete(f"/api/teams/{quoted(team)}", force=force or None)

    def settings(self) -> dict[str, Any]:
        """The settings of the installation that may be changed while it runs."""
        return self.get("/api/settings")

    def update_settings(self, *, preview: bool = False, **changes: Any) -> dict[str, Any]:
        """Changes settings of the installation; `preview` says what would stop, and changes nothing."""
        more = {"preview": True} if preview else {}
        return self.patch("/api/settings", changes, **more)
