"""The steps of the set-up, in their order. They keep no state of their own: the draft says what is done."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sso.models import ConnectionRevision, RevisionState


@dataclass(frozen=True)
class Step:
    slug: str
    label: str


STEPS = (
    Step("provider", "Choose provider"),
    Step("create", "Create the app"),
    Step("claims", "Map claims"),
    Step("assign", "Assign people"),
    Step("metadata", "Exchange metadata"),
    Step("test", "Test sign-in"),
    Step("live", "Go live"),
)
_ORDER = [step.slug for step in STEPS]
LABELS = {step.slug: step.label for step in STEPS}


@dataclass(frozen=True)
class ShownStep:
    """A step as `wizard_steps` draws it; without an address it can't be reached yet."""

    label: str
    state: Literal["done", "now", "todo"]
    url: str


def is_done(revision: ConnectionRevision, step: str) -> bool:
    if step == "test":
        return revision.state in {RevisionState.TESTED, RevisionState.LIVE}
    if step == "live":
        return revision.state == RevisionState.LIVE
    return step in revision.steps_done


def next_step(revision: ConnectionRevision) -> str:
    """Where *Continue setup* leads: the first step that isn't done; once a test passed, to going live."""
    if is_done(revision, "test"):
        return "live"
    return next((step for step in _ORDER if not is_done(revision, step)), "live")


def number_of(step: str) -> int:
    """The place of a step, counted from 1; 0 for one that isn't among them (a fresh edit of a live connection)."""
    return _ORDER.index(step) + 1 if step in _ORDER else 0


def show_steps(revision: ConnectionRevision, *, current: str, address: Callable[[str], str]) -> list[ShownStep]:
    """All steps. Those done, the next one and the one shown are links.

    What is known already needn't be clicked through, so a test waits for metadata alone, and going live for a test.
    """
    reachable = {step for step in _ORDER if is_done(revision, step)} | {next_step(revision), current}
    if is_done(revision, "metadata"):
        reachable.add("test")
    return [
        ShownStep(
            label=step.label,
            state="now" if step.slug == current else "done" if is_done(revision, step.slug) else "todo",
            url=address(step.slug) if step.slug in reachable else "",
        )
        for step in STEPS
    ]
