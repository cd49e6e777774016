"""What the identity provider's admin fills in."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

from demo.models import Application, Group, Person, Protocol, Tenant

ATTRIBUTES = ("email", "firstName", "lastName", "groups")


class PersonForm(forms.ModelForm):
    class Meta:
        model = Person
        fields = ("first_name", "last_name", "email", "groups", "is_active")
        widgets = {"groups": forms.CheckboxSelectMultiple, "email": forms.EmailInput(attrs={"autocomplete": "off"})}

    def __init__(self, *args: Any, tenant: Tenant, **options: Any) -> None:
        super().__init__(*args, **options)
        self.instance.tenant = tenant
        groups = self.fields["groups"]
        assert isinstance(groups, forms.ModelMultipleChoiceField)  # noqa: S101 - for the type checker
        groups.queryset = tenant.groups.all()

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).lower()
        if self.instance.tenant.people.filter(email=email).exclude(pk=self.instance.pk).exists():
            raise ValidationError("Somebody here has this address already.")
        return email


class GroupForm(forms.ModelForm):
    class Meta:
        model = Group
        fields = ("name",)
        labels = {"name": "New group"}
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})}

    def __init__(self, *args: Any, tenant: Tenant, **options: Any) -> None:
        super().__init__(*args, **options)
        self.instance.tenant = tenant

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"])
        if self.instance.tenant.groups.filter(name=name).exists():
            raise ValidationError("There is a group of this name already.")
        return name


class ApplicationForm(forms.ModelForm):
    """What both protocols have; the two below add their own."""

    protocol: Protocol

    def __init__(self, *args: Any, tenant: Tenant, **options: Any) -> None:
        super().__init__(*args, **options)
        self.instance.tenant = tenant
        self.instance.protocol = self.protocol
        people = self.fields["people"]
        assert isinstance(people, forms.ModelMultipleChoiceField)  # noqa: S101 - for the type checker
        people.queryset = tenant.people.all()
        people.label = "Assigned people"
        people.help_text = "They count only where not everybody is assigned."


class SamlApplicationForm(ApplicationForm):
    protocol = Protocol.SAML

    attributes = forms.MultipleChoiceField(
        choices=[(name, name) for name in ATTRIBUTES],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="Attributes it gets",
    )

    class Meta:
        model = Application
        fields = (
            "name",
            "entity_id",
            "acs_url",
            "name_id",
            "attributes",
            "signed_part",
            "is_for_everybody",
            "people",
        )
        labels = {
            "entity_id": "Audience (SP entity ID)",
            "acs_url": "ACS URL",
            "name_id": "NameID",
            "signed_part": "What is signed",
        }
        widgets = {
            "people": forms.CheckboxSelectMultiple,
            "name_id": forms.RadioSelect,
            "signed_part": forms.RadioSelect,
        }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name in ("entity_id", "acs_url"):
            self.fields[name].required = True

    def clean_acs_url(self) -> str:
        return _clean_url(self.cleaned_data["acs_url"])

    def clean_entity_id(self) -> str:
        entity_id = str(self.cleaned_data["entity_id"])
        known = Application.objects.filter(tenant=self.instance.tenant, entity_id=entity_id)
        if known.exclude(pk=self.instance.pk).exists():
            raise ValidationError("Another application here has this entity ID.")
        return entity_id


class OidcApplicationForm(ApplicationForm):
    protocol = Protocol.OIDC

    redirect_uris = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        required=False,
        label="Redirect URIs",
        help_text="One a line. The platform's own callback joins them at its first request.",
    )

    class Meta:
        model = Application
        fields = ("name", "redirect_uris", "is_for_everybody", "people")
        widgets = {"people": forms.CheckboxSelectMultiple}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.initial["redirect_uris"] = "\n".join(self.instance.redirect_uris)

    def clean_redirect_uris(self) -> list[str]:
        return [_clean_url(line.strip()) for line in self.cleaned_data["redirect_uris"].splitlines() if line.strip()]


FORMS: dict[str, type[SamlApplicationForm] | type[OidcApplicationForm]] = {
    Protocol.SAML: SamlApplicationForm,
    Protocol.OIDC: OidcApplicationForm,
}


def _clean_url(url: str) -> str:
    """Raises ValidationError; hosts without a dot are fine here, since the platform may run at localhost."""
    try:
        URLValidator(schemes=["http", "https"])(url)
    except ValidationError as error:
        raise ValidationError(f"{url} is not a whole address; it begins with http:// or https://.") from error
    return url
