"""The form of *Add domain*. What can be claimed is decided by `domains.names`."""

from django import forms


class AddDomainForm(forms.Form):
    domain = forms.CharField(
        label="Domain",
        help_text="The part of your email addresses after the @. An address or a link is fine too.",
        error_messages={"required": "Type a domain, for example company.com."},
        widget=forms.TextInput(
            attrs={"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false", "inputmode": "url"}
        ),
    )
