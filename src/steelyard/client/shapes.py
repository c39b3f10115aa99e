"""What does the server answer? The JSON of /api, as types; every value is a plain dict."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

Answers = dict[str, Any]  # by question name
Form = dict[str, Any]  # {"questions": [...]}
Content = dict[str, Any]  # {"blocks": [...]}


class Progress(TypedDict):
    """Sums of a project; gold is counted apart from the tasks."""

    tasks: int
    settled: int
    reviewing: int
    open: int
    gold: int
    judgments: int
    gold_judgments: int
    wanted: int
    held: int


class Project(TypedDict):
    """A project; what stands after `mine` is for those who read results."""

    name: str
    slug: str
    instruction: str
    status: str
    created_at: str
    form: Form
    mine: dict[str, int] | None
    sensitivity: NotRequired[str]
    policy: NotRequired[dict[str, Any]]
    progress: NotRequired[Progress]
    settling: NotRequired[dict[str, str]]
    batches: NotRequired[list[dict[str, Any]]]
    throughput: NotRequired[list[dict[str, Any]]]
    providers: NotRequired[list[dict[str, Any]]]


class Batch(TypedDict):
    """Tasks that are staged, started, paused, prioritised and finished together."""

    id: str
    name: str
    status: Literal["staged", "running", "paused", "finished", "cancelled"]
    priority: int
    tasks: int
    created_at: str


class RowError(TypedDict):
    """What is wrong with a row (counted from 0); `pointer` is a JSON pointer into it."""

    row: int
    pointer: str
    code: str
    message: str
    line: NotRequired[int]
    column: NotRequired[str]


class Counts(TypedDict):
    """Rows that were new, the same as what is there, different from it (and not taken), or wrong."""

    new: int
    same: int
    changed: int
    wrong: int


class Created(TypedDict):
    """What came of tasks that were sent; `ids` in their order, None where a row is no task (the first 10,000)."""

    counts: Counts
    errors: list[RowError]
    ids: list[str | None]


class Shipped(TypedDict):
    """What came of a shipment; `shipment` is its id."""

    shipment: str
    judgments: int
    counts: Counts
    errors: list[RowError]


class ListedTask(TypedDict):
    """A task in a list: its beginning, and the current answer where there is one."""

    id: str
    external_id: str | None
    status: str
    reason: str | None
    answers: int
    wanted: int
    priority: int
    tags: list[str]
    metadata: dict[str, Any]
    gold: bool
    training: bool
    batch: str | None
    created_at: str
    preview: str
    consensus: dict[str, Any] | None


class Task(TypedDict):
    """A task with its content, form, judgments and consensus."""

    id: str
    external_id: str | None
    status: str
    reason: str | None
    gold: bool
    priority: int
    tags: list[str]
    metadata: dict[str, Any]
    answers: int
    wanted: int
    created_at: str
    content: Content | None
    suggestion: Answers | None
    form: Form
    judgments: list[dict[str, Any]]
    consensus: dict[str, Any] | None


class ExportedTask(TypedDict):
    """A task as an export has it; `answered` is how many answers count."""

    id: str
    external_id: str | None
    status: str
    reason: str | None
    batch: str | None
    priority: int
    tags: list[str]
    metadata: dict[str, Any]
    gold: Literal["evaluation", "training"] | None
    answered: int
    wanted: int
    created_at: str
    suggestion: Answers | None
    content: NotRequired[Content | None]
    consensus: dict[str, Any] | None


class Judgment(TypedDict):
    """What an annotator answered. `current` (with history): neither superseded nor withdrawn."""

    id: str
    task: str
    external_id: str | None
    annotator: str
    provider: str
    answers: Answers | None
    at: str
    gold: bool
    current: NotRequired[bool]


class Consensus(TypedDict):
    """The inferred answer of a task, and the ids of the judgments that it rests on."""

    id: str
    task: str
    external_id: str | None
    answers: Answers | None
    confidence: float
    tie: bool
    judgments: list[str]
    settled: bool


class ShownTask(TypedDict):
    """What an annotator is shown of a task."""

    id: str
    content: Content
    suggestion: Answers | None


class Assignment(TypedDict):
    """One wanted answer, held under a lease. `draft` is what was written of it so far."""

    id: str
    lease_until: str
    task: ShownTask
    form: Form
    project: str
    instruction: str
    draft: NotRequired[dict[str, Any] | None]


class Claimed(TypedDict):
    """What was handed out; when that is nothing, `code` and `because` say why."""

    assignments: list[Assignment]
    code: NotRequired[str]
    because: NotRequired[str]


class Submitted(TypedDict):
    """The judgment that was made, and the next assignments where they were asked for."""

    judgment: str
    next: list[Assignment]
    training: NotRequired[dict[str, Any]]


class Provider(TypedDict):
    """Where answers or data come from."""

    id: str
    name: str
    slug: str
    kind: str
    status: str
    clearance: str
    price: str
    currency: str
    capabilities: dict[str, Any]
    config: dict[str, Any]
    interests: list[dict[str, Any]]
    contract: dict[str, Any] | None
    stopped: list[dict[str, Any]]
    judgments: int
    accuracy: dict[str, Any] | None
    cost_per_correct: Any
    spent: str
    created_at: str


class Showing(TypedDict):
    """The fact that a provider was shown a content."""

    task: str
    content: str
    annotator: str | None
    at: str


class Exit(TypedDict):
    """Leaving a provider, with its steps as they stand."""

    id: str
    state: str
    steps: NotRequired[list[dict[str, Any]]]


class Key(TypedDict):
    """A key, without what opens the door."""

    id: str
    name: str
    role: str
    mode: str
    last4: str
    provider: str
    created_at: str
    revoked_at: str | None


class NewKey(TypedDict):
    """A key that was made now: shown this once."""

    id: str
    key: str


class Person(TypedDict):
    """Someone who signs in."""

    id: str
    name: str
    languages: list[str]
    skills: list[str]
    provider: NotRequired[Any]
    email: NotRequired[str | None]


class Team(TypedDict):
    """People that work can be given to together."""

    id: str
    name: str
    people: list[dict[str, str]]
    created_at: str
