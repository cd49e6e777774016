"""The pages up to the test: choose a provider, create the app there, claims, people, metadata."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from identity_platform.errors import PlatformError
from orgs.access import IdentityManagerView
from orgs.queries import organizations_under
from sso.actions.connections import edit_connection, save_step, start_over, start_set_up
from sso.queries.connections import ConnectionState, connections_of, judge_certificate
from sso.saml import addresses
from sso.setup.errors import DraftChanged
from sso.setup.forms import METADATA_FORMS, AppForm, ClaimsForm, MetadataForm, ProviderForm, StepForm, ValuesForm
from sso.setup.pages import ConnectionView, StepView, products_under, step_address
from sso.setup.providers import CLAIMS, find_provider
from sso.setup.steps import LABELS, STEPS, next_step, number_of

CLAIM_LABELS = {
    "subject_attribute": ("Subject", "Required"),
    "email_attribute": ("Email", "Required"),
    "first_name_attribute": ("First name", "Recommended"),
    "last_name_attribute": ("Last name", "Recommended"),
    "groups_attribute": ("Groups", "For group mappings"),
}


class ChooseProvider(IdentityManagerView):
    """*Select your identity provider*: what is needed, what changes, and the set-ups that are open."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.show(ProviderForm(initial={"provider": _only_choice()}))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = ProviderForm(request.POST)
        if not form.is_valid():
            return self.show(form, status=422)
        provider = find_provider(form.cleaned_data["provider"])
        assert provider is not None  # noqa: S101 - one of the form's choices, which are the providers
        connection, _ = start_set_up(self.parent, provider=provider, actor=self.actor, now=timezone.now())
        return redirect(step_address(self.organization, connection, "create"))

    def show(self, form: ProviderForm, *, status: int = 200) -> HttpResponse:
        return self.render(
            "sso/setup/choose.html",
            status=status,
            form=form,
            open_setups=[
                describe_draft(state, slug=self.organization.slug)
                for state in connections_of(self.parent)
                if state.draft is not None
            ],
            organizations=organizations_under(self.parent),
        )


class StartOver(StepView):
    """Asks once; the audit trail stays."""

    step = "provider"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.render("sso/setup/start_over.html", shown=describe_draft(self.state, slug=self.organization.slug))

    def post(self, request: HttpRequest) -> HttpResponse:
        start_over(self.draft, actor=self.actor, now=timezone.now())
        messages.success(request, f"The draft of {self.connection.name} was discarded.")
        return redirect(self.address("manage" if self.state.live is not None else "provider"))


class EditConnection(ConnectionView):
    """Makes a draft beside the live revision, or opens the one that is there."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        edit_connection(self.connection, actor=self.actor, now=timezone.now())
        return redirect(self.address("metadata"))


class SavedStep(StepView):
    """A step with one form: shown, saved on Continue, then on to the next."""

    template: str

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.show(self.build_form())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = self.build_form(request.POST)
        if form.is_valid() and self.save(form, self.values_of(form)):
            return self.go_on()
        return self.show(form, status=_status_of(form))

    def build_form(self, posted: Any = None) -> StepForm:
        return StepForm(posted, initial={"version": self.draft.version})

    def values_of(self, form: StepForm) -> dict[str, Any]:
        return {}

    def save(self, form: StepForm, values: dict[str, Any], **more: Any) -> bool:
        """Save, or put the refusal into the form."""
        try:
            save_step(
                self.draft,
                step=self.step,
                values=values,
                seen_version=form.cleaned_data["version"],
                actor=self.actor,
                now=timezone.now(),
                **more,
            )
        except DraftChanged as error:
            form.rival = error
            form.refuse(error)
        except PlatformError as error:
            if not error.field:
                raise
            form.refuse(error)
        return not form.errors

    def go_on(self) -> HttpResponseRedirect:
        following = STEPS[number_of(self.step)].slug
        return HttpResponseRedirect(self.address(following))

    def show(self, form: StepForm, *, status: int = 200, **context: Any) -> HttpResponse:
        return self.render(
            self.template,
            status=status,
            form=form,
            number=number_of(self.step),
            back_url=self.address(STEPS[max(0, number_of(self.step) - 2)].slug),
            next_label=LABELS[STEPS[number_of(self.step)].slug].lower(),
            **context,
        )


class CreateApp(SavedStep):
    step = "create"
    template = "sso/setup/create.html"

    def build_form(self, posted: Any = None) -> AppForm:
        draft = self.draft
        return AppForm(
            posted,
            products=products_under(self),
            initial={
                "version": draft.version,
                "name": draft.name,
                "default_product": draft.default_product_id,
            },
        )

    def values_of(self, form: StepForm) -> dict[str, Any]:
        product = form.cleaned_data["default_product"]
        return {"name": form.cleaned_data["name"], "default_product_id": product.pk if product else None}

    def show(self, form: StepForm, *, status: int = 200, **context: Any) -> HttpResponse:
        return super().show(
            form,
            status=status,
            instructions=[
                {
                    "instruction": instruction,
                    "values": list(_own_values(self.state, instruction.values)),
                }
                for instruction in self.state.provider.create
            ],
            tiles=[{"product": product, "url": addresses.tile_url(product.slug)} for product in products_under(self)],
            **context,
        )


class MapClaims(SavedStep):
    step = "claims"
    template = "sso/setup/claims.html"

    def build_form(self, posted: Any = None) -> ClaimsForm:
        initial = {name: getattr(self.draft, name) for name in CLAIMS} | {"version": self.draft.version}
        return ClaimsForm(posted, provider=self.state.provider, initial=initial)

    def values_of(self, form: StepForm) -> dict[str, Any]:
        return {name: form.cleaned_data[name] for name in CLAIMS}

    def show(self, form: StepForm, *, status: int = 200, **context: Any) -> HttpResponse:
        rows = [
            {
                "label": CLAIM_LABELS[name][0],
                "need": CLAIM_LABELS[name][1],
                "bound": form[name],
                "example": self.state.provider.claims[name].example,
            }
            for name in CLAIMS
        ]
        return super().show(form, status=status, rows=rows, **context)


class AssignPeople(SavedStep):
    step = "assign"
    template = "sso/setup/assign.html"


class ExchangeMetadata(SavedStep):
    """By address, as a file or text, or by hand: three forms, of which one is posted."""

    step = "metadata"
    template = "sso/setup/metadata.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.show_forms()

    def post(self, request: HttpRequest) -> HttpResponse:
        by = request.POST.get("by", "")
        form = self.build_metadata_form(by if by in METADATA_FORMS else "url", request.POST, request.FILES)
        facts = form.read(now=timezone.now())  # may fetch: outside any transaction
        if facts is not None and self.save(
            form,
            dict(facts.values),
            certificates=facts.certificates,
            certificate_source=facts.source,
            removed_certificates=form.removed_certificates,
        ):
            messages.success(request, f"Saved: the identity provider is {facts.values['idp_entity_id']}.")
            return self.go_on()
        return self.show_forms(form)

    def build_metadata_form(self, by: str, posted: Any = None, files: Any = None) -> MetadataForm:
        draft = self.draft
        kind = METADATA_FORMS[by]
        initial = {"version": draft.version, "metadata_url": draft.metadata_url}
        if kind is not ValuesForm:
            return kind(posted, files, initial=initial)
        initial |= {name: getattr(draft, name) for name in ("idp_entity_id", "sso_url")}
        initial |= {"sso_binding": draft.sso_binding or "redirect"}
        return ValuesForm(posted, files, initial=initial, trusted=draft.certificates.all())

    def show_forms(self, posted: MetadataForm | None = None) -> HttpResponse:
        forms = {by: self.build_metadata_form(by) for by in METADATA_FORMS}
        if posted is not None:
            forms[posted.by] = posted
        draft = self.draft
        opened = posted.by if posted is not None else "hand" if draft.idp_entity_id and not draft.metadata_url else ""
        return self.show(
            posted or forms["url"],
            status=_status_of(posted) if posted is not None else 200,
            forms=forms,
            opened=opened,
            certificates=[judge_certificate(each, now=timezone.now()) for each in draft.certificates.all()],
        )


def describe_draft(state: ConnectionState, *, slug: str) -> dict[str, Any]:
    """An open set-up: who saved it at which step, when, and where it continues."""
    draft = state.draft
    assert draft is not None  # noqa: S101 - callers choose those with a draft
    step = next_step(draft)
    return {
        "connection": state.connection,
        "is_edit": state.live is not None,
        "saved_by": draft.saved_by.display_name if draft.saved_by else "Somebody",
        "saved_at": draft.saved_at,
        "number": number_of(draft.saved_step) or number_of("metadata"),
        "of": len(STEPS),
        "step": LABELS.get(draft.saved_step, "Edit"),
        "next_label": LABELS[step],
        "continue_url": reverse(f"sso_setup:{step}", kwargs={"slug": slug, "connection_id": state.connection.id}),
        "start_over_url": _address("start_over", slug, state.connection.id),
    }


def _address(name: str, slug: str, connection_id: UUID) -> str:
    return reverse(f"sso_setup:{name}", kwargs={"slug": slug, "connection_id": connection_id})


def _own_values(state: ConnectionState, names: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """Our addresses under the provider's labels, with a remark of its file."""
    ours = {
        "acs_url": addresses.acs_url(state.connection),
        "entity_id": addresses.entity_id(state.connection),
        "metadata_url": addresses.entity_id(state.connection),
    }
    for name in names:
        yield {
            "label": state.provider.label_of(name),
            "value": ours[name],
            "hint": state.provider.notes.get(name, ""),
        }


def _only_choice() -> str:
    """Where there is just one provider to choose, it is chosen."""
    choices = ProviderForm().providers
    return choices[0].slug if len(choices) == 1 else ""


def _status_of(form: StepForm) -> int:
    return 409 if form.rival else 422
