"""Forms of the sign-in pages."""

from django import forms

from accounts.addresses import NotAnAddress, normalise_address


class AddressForm(forms.Form):
    """One address; `cleaned_data["email"]` is in its stored form."""

    email = forms.CharField(
        label="Email",
        max_length=320,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "placeholder": "you@company.com"}),
        error_messages={"required": "Type your email address."},
    )

    def clean_email(self) -> str:
        try:
            return normalise_address(self.cleaned_data["email"])
        except NotAnAddress as error:
            raise forms.ValidationError(f"{error.message_text} {error.remedy_text}") from error


class CodeForm(forms.Form):
    code = forms.CharField(
        label="Six-digit code",
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
        error_messages={"required": "Type the code from the mail."},
    )
