"""What the page on provisioning modes takes."""

from django import forms

from provisioning.models import Mode


class ModeForm(forms.Form):
    """The mode to look at, from the query; anything else means the present one."""

    mode = forms.ChoiceField(choices=Mode.choices)


class SwitchForm(ModeForm):
    """The confirmed mode, with the plan that was shown."""

    plan = forms.UUIDField(widget=forms.HiddenInput)
