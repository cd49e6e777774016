"""Forms of the account's pages."""

from typing import Any

from django import forms

from accounts.actions.passwords import MAX_LENGTH
from accounts.addresses import NotAnAddress, normalise_address


def password_field(label: str, *, autocomplete: str, required: str, help_text: str = "") -> forms.CharField:
    """A password is taken as typed: outer spaces belong to it."""
    return forms.CharField(
        label=label,
        max_length=MAX_LENGTH,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": autocomplete}),
        error_messages={"required": required},
        help_text=help_text,
    )


class PasswordForm(forms.Form):
    """A new password; with `asks_for_current`, the present one as well."""

    new_password = password_field(
        "New password",
        autocomplete="new-password",
        required="Type a new password.",
        help_text="At least 12 characters. Several words are easier to remember than signs.",
    )

    def __init__(self, *args: Any, asks_for_current: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if asks_for_current:
            self.fields["current_password"] = password_field(
                "Present password", autocomplete="current-password", required="Type your present password."
            )
            self.order_fields(["current_password", "new_password"])


class NewAddressForm(forms.Form):
    """One address; `cleaned_data["email"]` is in its stored form."""

    email = forms.CharField(
        label="New address",
        max_length=320,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "placeholder": "you@company.com"}),
        error_messages={"required": "Type your new email address."},
    )

    def clean_email(self) -> str:
        try:
            return normalise_address(self.cleaned_data["email"])
        except NotAnAddress as error:
            raise forms.ValidationError(f"{error.message_text} {error.remedy_text}") from error
