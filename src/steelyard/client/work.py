"""Claim, answer, review: what annotators and reviewers do."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from steelyard.client.errors import Refused
from steelyard.client.shapes import Answers, Assignment, Claimed, Submitted
from steelyard.client.transport import Transport, given, quoted

_GONE = ("lease_lost", "not_found")


class Work(Transport):
    """Assignments and answers of one's own, reviews and questions."""

    def claim(self, project: str, count: int = 1, lease_s: int | None = None) -> Claimed:
        """Takes up to `count` assignments; when there is nothing, `code` and `because` say why.

        Repeated when the connection fails: what a lost answer held goes back when its lease lapses.
        """
        path = f"/api/projects/{quoted(project)}/claim"
        return self.request("POST", path, body=given(count=count, lease_s=lease_s), repeatable=True).json()

    def held(self, project: str | None = None) -> list[Assignment]:
        """What this key's person holds now, oldest first."""
        return self.get("/api/assignments", project=project)["items"]

    def submit(
        self,
        assignment: str,
        answers: Mapping[str, Any],
        *,
        claim: int = 0,
        spent_ms: int | None = None,
        presentation: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
    ) -> Submitted:
        """Hands an answer in, once however often it has to be repeated; `next` holds `claim` new assignments.

        Raises `Refused`: 409 provider_stopped, lease_lost or task_full, 422 with a pointer to each question.
        """
        body = given(answers=dict(answers), claim=claim, spent_ms=spent_ms, presentation=presentation)
        key = idempotency_key or uuid.uuid4().hex
        return self.post(f"/api/assignments/{quoted(assignment)}/submit", body, idempotency_key=key)

    def give_back(self, assignment: str, reason: str | None = None, to: str | None = None) -> None:
        """Gives an assignment back: to others unless told, to anyone, or to review."""
        path = f"/api/assignments/{quoted(assignment)}/return"
        try:
            self.request("POST", path, body=given(reason=reason, to=to), repeatable=True)
        except Refused as refused:
            if refused.code not in _GONE or not refused.repeated:
                raise  # else it was given back by the try whose answer was lost

    def save_draft(self, assignment: str, answers: Mapping[str, Any], spent_ms: int | None = None) -> str:
        """Keeps an answer that is not finished and renews the lease; returns until when."""
        body = given(answers=dict(answers), spent_ms=spent_ms)
        return self.put(f"/api/assignments/{quoted(assignment)}/draft", body)["lease_until"]

    def extend(self, assignment: str, lease_s: int | None = None) -> str:
        """Renews the lease; returns until when."""
        path = f"/api/assignments/{quoted(assignment)}/extend"
        return self.request("POST", path, body=given(lease_s=lease_s), repeatable=True).json()["lease_until"]

    def mine(self, project: str) -> Iterator[dict[str, Any]]:
        """What this key's person has answered, newest first, and what of it may be revised."""
        return self.pages(f"/api/projects/{quoted(project)}/mine")

    def revise(self, judgment: str, answers: Answers, spent_ms: int | None = None) -> str:
        """Supersedes one's own answer, once; returns the id of the new judgment."""
        body = given(answers=dict(answers), spent_ms=spent_ms)
        path = f"/api/judgments/{quoted(judgment)}/revise"
        return self.post(path, body, idempotency_key=uuid.uuid4().hex)["judgment"]

    def claim_reviews(self, project: str, count: int = 1, lease_s: int | None = None) -> dict[str, Any]:
        """Takes up to `count` reviews: `{"items": [...]}`; when there is nothing, `code` and `because` say why."""
        path = f"/api/projects/{quoted(project)}/reviews/claim"
        return self.request("POST", path, body=given(count=count, lease_s=lease_s), repeatable=True).json()

    def submit_review(
        self,
        review: str,
        verdict: str,
        *,
        answers: Answers | None = None,
        reason: str | None = None,
        judgments: list[str] | None = None,
        claim: int = 0,
    ) -> dict[str, Any]:
        """Accepts, fixes (with `answers`) or rejects (with a `reason`), once."""
        body = given(verdict=verdict, answers=answers, reason=reason, judgments=judgments, claim=claim)
        return self.post(f"/api/reviews/{quoted(review)}/submit", body, idempotency_key=uuid.uuid4().hex)

    def held_reviews(self) -> list[dict[str, Any]]:
        """The reviews that one holds."""
        return self.get("/api/reviews")["items"]

    def return_review(self, review: str) -> None:
        """Gives a review back, for another reviewer."""
        self.request("POST", f"/api/reviews/{quoted(review)}/return", body={}, repeatable=True)

    def review_judgment(
        self,
        judgment: str,
        verdict: str,
        *,
        answers: Mapping[str, Any] | None = None,
        reason: str | None = None,
    ) -> dict[str, Any]:
        """A verdict (accept, fix, reject) on one answer, which completes the review of its task."""
        path = f"/api/judgments/{quoted(judgment)}/review"
        return self.post(path, given(verdict=verdict, answers=answers, reason=reason))

    def reviews(
        self, project: str, *, state: str | None = None, level: int | None = None
    ) -> Iterator[dict[str, Any]]:
        """Reviews of a project, oldest first; `state` is ready, held, done or cancelled."""
        return self.pages(f"/api/projects/{quoted(project)}/reviews", {"state": state, "level": level})

    def ask(self, assignment: str, text: str) -> str:
        """Asks about the task of an assignment; returns the id of the question."""
        path = f"/api/assignments/{quoted(assignment)}/ask"
        return self.post(path, {"text": text}, idempotency_key=uuid.uuid4().hex)["question"]

    def questions(self, project: str, *, state: str | None = None) -> Iterator[dict[str, Any]]:
        """Questions about a project's tasks, oldest first; `state` is open or answered."""
        return self.pages(f"/api/projects/{quoted(project)}/questions", {"state": state})

    def question(self, question: str) -> dict[str, Any]:
        """One question, with the task that it is about."""
        return self.get(f"/api/questions/{quoted(question)}")

    def answer_question(
        self, question: str, text: str, *, share: bool = True, asked: str | None = None
    ) -> dict[str, Any]:
        """Answers a question, once; shared, all who work on the project are shown it."""
        path = f"/api/questions/{quoted(question)}/answer"
        body = given(text=text, share=share, asked=asked)
        return self.post(path, body, idempotency_key=uuid.uuid4().hex)

    def clarifications(self, project: str) -> Iterator[dict[str, Any]]:
        """What was asked and answered for all who work on a project."""
        return self.pages(f"/api/projects/{quoted(project)}/clarifications")

    def withdraw_clarification(self, clarification: str) -> None:
        """Takes back what was answered for all."""
        self.delete(f"/api/clarifications/{quoted(clarification)}")
