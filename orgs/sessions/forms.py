from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms

from orgs.sessions.policy import UNITS, SessionPolicy, judge_policy, split_span

SPANS = ("lifetime", "idle", "recent_sign_in")
LONGEST_NUMBER = 200_000  # of minutes: what is beyond 90 days is refused with words, not as a number


class SpanWidget(forms.MultiWidget):
    """A number and its unit, side by side."""

    def __init__(self, label: str) -> None:
        number = forms.NumberInput(attrs={"class": "input", "min": 1, "max": LONGEST_NUMBER, "inputmode": "numeric"})
        unit = forms.Select(
            choices=[(unit, unit) for unit in UNITS], attrs={"class": "input", "aria-label": f"{label}: unit"}
        )
        super().__init__({"": number, "unit": unit})

    def decompress(self, value: timedelta | None) -> list[Any]:
        return list(split_span(value)) if value else [None, "hours"]

    def id_for_label(self, id_: str) -> str:
        return f"{id_}_0"


class SpanField(forms.MultiValueField):
    """A span of time as people write it; its value is a timedelta."""

    def __init__(self, *, label: str, help_text: str) -> None:
        super().__init__(
            fields=(
                forms.IntegerField(min_value=1, max_value=LONGEST_NUMBER),
                forms.ChoiceField(choices=[(unit, unit) for unit in UNITS]),
            ),
            label=label,
            help_text=help_text,
            widget=SpanWidget(label),
        )

    def compress(self, data_list: list[Any]) -> timedelta | None:
        if not data_list:
            return None
        number, unit = data_list
        return UNITS[unit] * int(number)


class PolicyForm(forms.Form):
    lifetime = SpanField(
        label="Sign in again after",
        help_text="So long a sign-in counts, however much somebody works. One hour to 90 days.",
    )
    idle = SpanField(
        label="Sign in again without activity for",
        help_text="After so long without a request. 15 minutes to 90 days.",
    )
    recent_sign_in = SpanField(
        label="Identity settings need a sign-in from the last",
        help_text="Asked of you and the other identity managers before a change. 5 minutes to 24 hours.",
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if all(cleaned.get(name) for name in SPANS):
            for name, sentence in judge_policy(self.policy):
                self.add_error(name, sentence)
        return cleaned

    @property
    def policy(self) -> SessionPolicy:
        """Of a form whose fields were read."""
        return SessionPolicy(**{name: self.cleaned_data[name] for name in SPANS})

    def as_hidden(self) -> Iterator[tuple[str, str]]:
        """What was sent, for the form that confirms it."""
        for name in SPANS:
            for part in ("", "_unit"):
                yield f"{name}{part}", self.data.get(f"{name}{part}", "")


class ConfirmPolicyForm(PolicyForm):
    plan = forms.UUIDField(widget=forms.HiddenInput)


class SearchForm(forms.Form):
    q = forms.CharField(label="Name or address", required=False, max_length=200)


class PeopleForm(forms.Form):
    """The people ticked in the table, by their memberships; a page shows a hundred at most."""

    MOST = 100

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        self.membership_ids: list[UUID] = []

    def clean(self) -> dict[str, Any]:
        ids = self.data.getlist("people") if hasattr(self.data, "getlist") else []
        try:
            self.membership_ids = [UUID(one) for one in ids[: self.MOST]]
        except ValueError as error:
            raise forms.ValidationError("Choose people in the table.") from error
        if not self.membership_ids:
            raise forms.ValidationError("Choose at least one person in the table.")
        return {}
