"""What the page *Enforce SSO* takes."""

from typing import Any

from django import forms

from sso.rules.enforcement import matches_name

LISTS = {"risk": "May be locked out", "all": "Must use SSO", "others": "Not affected"}


class PeopleForm(forms.Form):
    """Which people the list shows; whatever isn't understood shows those who may be locked out."""

    show = forms.ChoiceField(choices=LISTS.items(), required=False)
    q = forms.CharField(max_length=254, required=False, label="Name or address")


class EnforceForm(forms.Form):
    """The plan that was shown, what becomes of older sessions, and the organization's name where somebody may be
    locked out (`name`, else None)."""

    plan = forms.UUIDField(widget=forms.HiddenInput)
    sessions = forms.ChoiceField(choices=[("keep", "Keep them"), ("end", "End them")], initial="keep")
    typed_name = forms.CharField(max_length=200)

    def __init__(self, *args: Any, name: str | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.name = name
        if name is None:
            del self.fields["typed_name"]
            return
        field = self.fields["typed_name"]
        field.label = f"Type {name} to confirm"
        field.help_text = "All identity managers get an email. You can make SSO optional again at any time."
        field.error_messages["required"] = f"Type {name}, since somebody may be locked out."
        field.widget.attrs["autocomplete"] = "off"

    def clean_typed_name(self) -> str:
        typed = str(self.cleaned_data["typed_name"])
        if self.name is not None and not matches_name(typed, name=self.name):
            raise forms.ValidationError(f"This isn't the organization's name. Type {self.name}.")
        return typed
