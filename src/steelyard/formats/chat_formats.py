"""Which formats hold conversations and preferences for training?"""

from __future__ import annotations

from steelyard.formats import chat_read, chat_write
from steelyard.formats.file_format import FileFormat

SPOKEN = ("chat", "text")
PREFERRED = ("pairwise", "ranking")
_PROMPT = "the prompt as text or chat"
_BOTH = f"{_PROMPT}, and the candidates as blocks of text or chat with a `name` (a and b of a pair)"
_ONE = (
    f"{_PROMPT}, and the completion as the one block with a `name`, else the assistant's last message; "
    "for a preference the candidates"
)
_UNSAID = "ids, tags, metadata, confidence; blocks of text come back as chat"
_PLACES = "which candidate was a, which b"


def _format(
    name: str, title: str, kinds: tuple[str, ...], shows: str, loses: str, lines: chat_write.Lines
) -> FileFormat:
    return FileFormat(name, title, kinds, shows, loses, chat_write.writer(lines), chat_read.read, one=True)


FORMATS = (
    _format("trl-sft", "TRL, SFT: `messages`", SPOKEN, _PROMPT, _UNSAID, chat_write.sft),
    _format(
        "trl-dpo",
        "TRL, DPO: `prompt`, `chosen`, `rejected`",
        PREFERRED,
        _BOTH,
        f"{_UNSAID}; ties and strengths; {_PLACES}; a ranking comes back in pairs",
        chat_write.dpo,
    ),
    _format(
        "trl-reward",
        "TRL, reward: as DPO, with `margin` (the strength, or how many ranks)",
        PREFERRED,
        _BOTH,
        f"{_UNSAID}; ties; {_PLACES}; a ranking comes back in pairs",
        chat_write.reward,
    ),
    _format(
        "trl-kto",
        "TRL, KTO: `prompt`, `completion`, `label`",
        (*PREFERRED, "choice", "rating"),
        _ONE,
        f"{_UNSAID}; ties and strengths; which options or levels there were beside good and bad; what made a pair",
        chat_write.kto,
    ),
    _format(
        "openai-sft",
        "OpenAI, supervised fine-tuning: `messages`",
        SPOKEN,
        _PROMPT,
        f"{_UNSAID}; conversations that do not end with the assistant",
        chat_write.openai_sft,
    ),
    _format(
        "openai-dpo",
        "OpenAI, preference fine-tuning: `input`, `preferred_output`, `non_preferred_output`",
        PREFERRED,
        _BOTH,
        f"{_UNSAID}; ties and strengths; {_PLACES}; completions of several messages; a ranking comes back in pairs",
        chat_write.openai_dpo,
    ),
)
