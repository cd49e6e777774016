"""The forms of the set-up's steps. Rules lie below: a refusal of theirs is put at the field it is about."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django import forms
from django.http import QueryDict

from domains.models import DomainClaim
from identity_platform.errors import PlatformError
from orgs.models import Product
from sso.claims import ClaimsRejected, refuse_changeable_subject
from sso.models import Certificate
from sso.saml.metadata import LARGEST_METADATA, LONGEST_ENTITY_ID, LONGEST_URL
from sso.saml.metadata_errors import SeveralIdentityProviders
from sso.setup.errors import DraftChanged
from sso.setup.providers import CLAIMS, Provider, list_providers
from sso.setup.reading import ProviderFacts, field_of, read_address, read_document, read_upload, read_values


class ProviderForm(forms.Form):
    provider = forms.ChoiceField(
        label="Identity provider", error_messages={"required": "Choose your identity provider."}
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.providers = list_providers()
        self.fields["provider"].choices = [(provider.slug, provider.name) for provider in self.providers]  # type: ignore[attr-defined]


class StepForm(forms.Form):
    """`version` is that of the draft when the page was shown: a save of somebody else in between is noticed."""

    version = forms.IntegerField(widget=forms.HiddenInput)

    # Set where somebody else saved in between: the page offers to open the step again.
    rival: DraftChanged | None = None

    def refuse(self, error: PlatformError, *, otherwise: str | None = None) -> None:
        """Show a refusal at the field that it names."""
        field = field_of(error, fields=list(self.fields), otherwise=otherwise or "")
        self.add_error(field or None, f"{error.message_text} {error.remedy_text}".strip())


class AppForm(StepForm):
    name = forms.CharField(
        label="Name of this connection",
        max_length=100,
        help_text="How you and the other managers tell it from others. People who sign in see it too.",
    )
    default_product = forms.ModelChoiceField(
        Product.objects.none(),
        label="Where people land who start at the identity provider",
        required=False,
        empty_label="Wherever they are a member",
    )

    def __init__(self, *args: Any, products: Iterable[Product], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        keys = {product.pk for product in products}
        self.fields["default_product"].queryset = Product.objects.filter(pk__in=keys).order_by("name")  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        """One line, for it stands in subjects of mails; nothing invisible, for it is read where people choose."""
        name: str = self.cleaned_data["name"]
        if not name.isprintable():
            raise forms.ValidationError("A name is one line. Take out line breaks and invisible characters.")
        return name


class ClaimsForm(StepForm):
    """The names of attributes at the provider; an empty subject or email means the NameID (spec 5.8)."""

    subject_attribute = forms.CharField(label="Subject", max_length=256, required=False)
    email_attribute = forms.CharField(label="Email", max_length=256, required=False)
    first_name_attribute = forms.CharField(label="First name", max_length=256, required=False)
    last_name_attribute = forms.CharField(label="Last name", max_length=256, required=False)
    groups_attribute = forms.CharField(label="Groups", max_length=256, required=False)

    def __init__(self, *args: Any, provider: Provider, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in CLAIMS:
            self.fields[name].help_text = provider.claims[name].text
            self.fields[name].widget.attrs |= {"class": "input", "spellcheck": "false", "autocapitalize": "none"}
        for name in ("subject_attribute", "email_attribute"):
            self.fields[name].widget.attrs["placeholder"] = "NameID"

    def clean_subject_attribute(self) -> str:
        attribute: str = self.cleaned_data["subject_attribute"]
        if attribute:
            try:
                refuse_changeable_subject(attribute)
            except ClaimsRejected as error:
                raise forms.ValidationError(f"{error.message_text} {error.remedy_text}") from error
        return attribute


class MetadataForm(StepForm):
    """Base of the three ways; `by` says which one was posted, `otherwise` where a refusal goes that names no field."""

    by: str
    otherwise: str

    # Only shown once metadata turned out to describe several identity providers.
    entity_id = forms.ChoiceField(
        label="Which identity provider?", required=False, widget=forms.HiddenInput, choices=[]
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": f"{self.by}_%s", **kwargs})
        self._allow_posted_choice()

    def read(self, *, now: datetime) -> ProviderFacts | None:
        """The facts, or None with the refusal at its field."""
        if not self.is_valid():
            return None
        try:
            return self.read_facts(now=now)
        except SeveralIdentityProviders as error:
            self._offer_choice(error)
        except PlatformError as error:
            self.refuse(error, otherwise=self.otherwise)
            self._forget_secrets()
        return None

    def read_facts(self, *, now: datetime) -> ProviderFacts:
        raise NotImplementedError

    @property
    def removed_certificates(self) -> list[str]:
        return []

    def _forget_secrets(self) -> None:
        """A private key pasted by mistake isn't sent back with the page that refuses it."""
        posted = cast(QueryDict, self.data).copy()
        for name, value in list(posted.items()):
            if "PRIVATE KEY-----" in str(value):
                posted[name] = ""
        self.data = posted

    def _allow_posted_choice(self) -> None:
        # Whether the chosen one is described by the metadata is known only when it has been read.
        posted = self.data.get("entity_id", "") if self.is_bound else ""
        if posted:
            self.fields["entity_id"].choices = [(posted, posted)]  # type: ignore[attr-defined]

    def _offer_choice(self, error: SeveralIdentityProviders) -> None:
        field = self.fields["entity_id"]
        field.widget = forms.RadioSelect()
        field.choices = [(entity_id, entity_id) for entity_id in error.entity_ids]  # type: ignore[attr-defined]
        self.add_error("entity_id", f"{error.message_text} {error.remedy_text}")


class AddressForm(MetadataForm):
    by = "url"
    otherwise = "metadata_url"

    metadata_url = forms.CharField(
        label="Metadata URL",
        max_length=LONGEST_URL,
        help_text="Preferred, because later certificates can be read from it, too.",
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
        error_messages={"required": "Paste the address of your identity provider's metadata."},
    )

    def read_facts(self, *, now: datetime) -> ProviderFacts:
        chosen = self.cleaned_data["entity_id"] or None
        return read_address(self.cleaned_data["metadata_url"], entity_id=chosen, now=now)


class DocumentForm(MetadataForm):
    by = "file"
    otherwise = "metadata"

    file = forms.FileField(
        label="Metadata file", required=False, help_text="An XML file, at most 1 MiB.", allow_empty_file=True
    )
    metadata = forms.CharField(
        label="Or its text",
        required=False,
        max_length=LARGEST_METADATA,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and not cleaned.get("file") and not cleaned.get("metadata"):
            self.add_error("file", "Choose a file, or paste its text below.")
        return cleaned

    def read_facts(self, *, now: datetime) -> ProviderFacts:
        upload = self.cleaned_data["file"]
        self.otherwise = "file" if upload else "metadata"
        document = read_upload(upload) if upload else self.cleaned_data["metadata"].encode()
        return read_document(document, entity_id=self.cleaned_data["entity_id"] or None, now=now)

    def refuse(self, error: PlatformError, *, otherwise: str | None = None) -> None:
        if self.cleaned_data.get("file") and error.field == "metadata":
            self.add_error("file", f"{error.message_text} {error.remedy_text}")
        else:
            super().refuse(error, otherwise=otherwise)


class ValuesForm(MetadataForm):
    by = "hand"
    otherwise = "certificate"

    idp_entity_id = forms.CharField(
        label="Entity ID of the identity provider",
        max_length=LONGEST_ENTITY_ID,
        help_text="Also named Issuer. Compared letter by letter.",
        error_messages={"required": "Copy the entity ID (issuer) from your identity provider."},
    )
    sso_url = forms.CharField(
        label="Sign-in address",
        max_length=LONGEST_URL,
        help_text="Also named Single sign-on URL, Login URL or SSO endpoint.",
        error_messages={"required": "Copy the sign-in address from your identity provider."},
    )
    sso_binding = forms.ChoiceField(
        label="How requests are sent",
        choices=[("redirect", "HTTP-Redirect (usual)"), ("post", "HTTP-POST")],
        initial="redirect",
    )
    certificate = forms.CharField(
        label="Signing certificate",
        required=False,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false", "placeholder": "-----BEGIN CERTIFICATE-----"}),
        help_text="Base64 (PEM). It is added to those that are trusted already.",
    )
    remove = forms.MultipleChoiceField(
        label="Stop trusting", required=False, widget=forms.CheckboxSelectMultiple, choices=[]
    )

    def __init__(self, *args: Any, trusted: Iterable[Certificate], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.trusted = list(trusted)
        if self.trusted:
            self.fields["remove"].choices = [  # type: ignore[attr-defined]
                (c.fingerprint, f"{c.fingerprint[:16]}…, until {c.not_after:%-d %B %Y}") for c in self.trusted
            ]
        else:
            del self.fields["remove"]

    def read_facts(self, *, now: datetime) -> ProviderFacts:
        return read_values(
            entity_id=self.cleaned_data["idp_entity_id"],
            sso_url=self.cleaned_data["sso_url"],
            sso_binding=self.cleaned_data["sso_binding"],
            certificate=self.cleaned_data["certificate"],
            now=now,
        )

    @property
    def removed_certificates(self) -> list[str]:
        return self.cleaned_data.get("remove", [])


METADATA_FORMS: dict[str, type[MetadataForm]] = {form.by: form for form in (AddressForm, DocumentForm, ValuesForm)}


class DomainsForm(forms.Form):
    """Which verified domains a connection is to serve; `plan` is what was shown for that choice."""

    claims = forms.MultipleChoiceField(label="Domains", required=False, widget=forms.CheckboxSelectMultiple, choices=[])
    plan = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, offered: Iterable[DomainClaim], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["claims"].choices = [(claim.id.hex, claim.name) for claim in offered]  # type: ignore[attr-defined]

    @property
    def claim_ids(self) -> list[UUID]:
        return [UUID(hex=text) for text in self.cleaned_data.get("claims", [])]
