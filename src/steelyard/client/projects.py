"""Projects, and the batches of their tasks."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from steelyard.client.shapes import Batch, Form, Project
from steelyard.client.transport import Transport, given, quoted


class Projects(Transport):
    """What is asked, and under which policy."""

    def create_project(
        self,
        name: str,
        form: Form,
        *,
        instruction: str | None = None,
        policy: Mapping[str, Any] | None = None,
    ) -> Project:
        """Makes a project; repeated when the connection fails, and made once. Raises `Refused` (409 name_taken)."""
        body = given(name=name, form=form, instruction=instruction, policy=policy)
        return self.post("/api/projects", body, idempotency_key=uuid.uuid4().hex)

    def projects(self, *, name: str | None = None, status: str | None = None) -> Iterator[Project]:
        """The projects that the key's role reaches, newest first; `name` finds one by its name."""
        return self.pages("/api/projects", {"name": name, "status": status})

    def project(self, project: str) -> Project:
        """One project, by its slug, with its progress."""
        return self.get(f"/api/projects/{quoted(project)}")

    def update_project(self, project: str, **changes: Any) -> dict[str, Any]:
        """Changes name, instruction, form, policy or status (archived, active); what is not named stays."""
        return self.patch(f"/api/projects/{quoted(project)}", changes)

    def delete_project(self, project: str, *, preview: bool = False) -> dict[str, Any]:
        """Deletes an archived project; `preview` says what would go."""
        more: dict[str, Any] = {"preview": True} if preview else {"confirm": project}
        return self.delete(f"/api/projects/{quoted(project)}", **more)

    def create_batch(
        self, project: str, name: str, *, staged: bool = False, priority: int | None = None
    ) -> Batch:
        """Makes a batch, running unless staged. Raises `Refused` (409 name_taken)."""
        body = given(name=name, staged=staged, priority=priority)
        return self.post(f"/api/projects/{quoted(project)}/batches", body)

    def batches(self, project: str) -> Iterator[Batch]:
        """The batches of a project, newest first."""
        return self.pages(f"/api/projects/{quoted(project)}/batches")

    def batch(self, name: str) -> Batch:
        """One batch, by its name."""
        return self.get(f"/api/batches/{quoted(name)}")

    def update_batch(self, name: str, **changes: Any) -> Batch:
        """Changes `status` (running, paused, finished, cancelled) or `priority`, from the next claim on."""
        return self.patch(f"/api/batches/{quoted(name)}", changes)

    def annotators(self, project: str, *, provider: str | None = None) -> Iterator[dict[str, Any]]:
        """What each annotator has done in a project, and how well."""
        return self.pages(f"/api/projects/{quoted(project)}/annotators", {"provider": provider})

    def stop_annotator(self, project: str, annotator: str, because: str | None = None) -> dict[str, Any]:
        """Hands an annotator nothing more in this project; what it holds goes back."""
        path = f"/api/projects/{quoted(project)}/annotators/{quoted(annotator)}/stop"
        return self.post(path, given(because=because))

    def resume_annotator(self, project: str, annotator: str) -> dict[str, Any]:
        """Lets an annotator that was stopped go on."""
        return self.post(f"/api/projects/{quoted(project)}/annotators/{quoted(annotator)}/resume")

    def assign(self, project: str, tasks: list[str], to: Mapping[str, str] | None) -> dict[str, int]:
        """Gives waiting tasks to `{"person": name or id}` or `{"team": name or id}`; None: back to everybody."""
        path = f"/api/projects/{quoted(project)}/assign"
        return self.request("POST", path, body={"tasks": tasks, "to": to}, repeatable=True).json()

    def releases(self, project: str) -> list[dict[str, Any]]:
        """The releases of a project, newest first."""
        return self.get(f"/api/projects/{quoted(project)}/releases")["items"]
