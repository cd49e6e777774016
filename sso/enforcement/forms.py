"""What the page *Enforce SSO* takes."""

from typing import Any

from django import forms

from orgs.confirmation import TypedConfirmation

LISTS = {"risk": "May be locked out", "all": "Must use SSO", "others": "Not affected"}


class PeopleForm(forms.Form):
    """Which people the list shows; whatever isn't understood shows those who may be locked out."""

    show = forms.ChoiceField(choices=LISTS.items(), required=False)
    q = forms.CharField(max_length=254, required=False, label="Name or address")


class EnforceForm(TypedConfirmation):
    """The plan that was shown, what becomes of older sessions, and the organization's name where somebody may be
    locked out (`must_type`)."""

    sessions = forms.ChoiceField(choices=[("keep", "Keep them"), ("end", "End them")], initial="keep")

    def __init__(self, *args: Any, must_type: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not must_type:
            del self.fields["typed"]
            return
        self.fields[
            "typed"
        ].help_text = "All identity managers get an email. You can make SSO optional again at any time."
