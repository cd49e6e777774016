"""Typing a name to confirm what signs out or locks out people (design 4)."""

from typing import Any

from django import forms

from orgs.models import Organization


class TypedConfirmation(forms.Form):
    """`plan` is the one that was shown. Pasting is fine; case and outer spaces don't count."""

    plan = forms.UUIDField(widget=forms.HiddenInput)
    typed = forms.CharField(max_length=200, error_messages={"required": "Type the name to confirm."})

    def __init__(self, *args: Any, organization: Organization, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.organization = organization
        self.fields["typed"].label = f"Type {organization.name} to confirm"
        self.fields["typed"].widget.attrs |= {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}

    def clean_typed(self) -> str:
        typed: str = self.cleaned_data["typed"]
        if _essence(typed) != _essence(self.organization.name):
            raise forms.ValidationError(f"This isn't {self.organization.name}. Type it as it is written there.")
        return typed


def _essence(name: str) -> str:
    return " ".join(name.split()).casefold()
