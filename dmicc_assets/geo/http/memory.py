"""Answers of servers during one run, so that one run asks for a file once. No network here; `client.py` asks."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from dmicc_assets.errors import SourceError

_Answer = TypeVar("_Answer")


@dataclass(frozen=True)
class Memory:
    """Answers by question, errors among them.

    Attributes:
        answers: each question (`HEAD https://...`) with its answer, or with the error in its place.
    """

    answers: dict[str, Any] = field(default_factory=dict[str, Any])

    def once(self, question: str, ask: Callable[[], _Answer]) -> _Answer:
        """The answer to a question; `ask` is called only the first time.

        Raises:
            SourceError: as `ask` did, the first time.
        """
        if question not in self.answers:
            try:
                self.answers[question] = ask()
            except SourceError as error:
                self.answers[question] = error
        answer: Any = self.answers[question]
        if isinstance(answer, SourceError):
            raise answer
        return answer

    def note(self, question: str, answer: object) -> None:
        """Keep an answer that another request gave."""
        self.answers[question] = answer

    def forget(self, question: str) -> None:
        """Ask again."""
        self.answers.pop(question, None)
