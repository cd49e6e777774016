"""*Enforce SSO for <product>*: the plan, the button that does exactly that, and the way back."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from domains.claim_page import describe_claim
from identity_platform.errors import NotFound, PlatformError
from identity_platform.plans import Plan, PlanBlocked, PlanChanged, PlanExpired, find_plan, store_plan
from identity_platform.spreadsheets import stream_csv
from orgs.access import IdentityManagerView, OrganizationView, require_recent_sign_in
from orgs.models import ParentOrganization, Product
from sso.actions.enforcement import ask_to_try, enforce_sso, make_optional
from sso.enforcement.errors import AskedToTryToday, DomainsNotProven
from sso.enforcement.forms import EnforceForm, PeopleForm
from sso.enforcement.pages import CSV_HEADS, chosen_list, csv_rows, gather_page, people_shown
from sso.queries.enforcement_plans import KIND_OF_ENFORCEMENT, plan_enforcement
from sso.queries.enforcing import gather_crowd


class ProductView(IdentityManagerView):
    """Base of what is about one product of the parent's organizations."""

    product: Product

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.product_slug: str = kwargs.pop("product")
        return super().dispatch(request, *args, **kwargs)

    def setup_product(self) -> None:
        self.product = find_product(self.parent, self.product_slug)

    @property
    def address(self) -> str:
        kwargs = {"slug": self.organization.slug, "product": self.product_slug}
        return reverse("enforcement:review", kwargs=kwargs)


class ReviewEnforcement(ProductView):
    """Who is affected and who may be locked out, with what to do for each; then the confirmation (spec 6.4)."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        self.setup_product()
        if request.GET.get("format") == "csv":
            return self.download()
        # Asked for before the button is shown, so that the confirmation isn't lost to a sign-in.
        require_recent_sign_in(request)
        return self.show()

    def post(self, request: HttpRequest) -> HttpResponse:
        self.setup_product()
        require_recent_sign_in(request)
        stored = find_plan(
            request.POST.get("plan", ""),
            kind=KIND_OF_ENFORCEMENT,
            parent_id=self.parent.id,
            actor_id=self.standing.user.id,
        )
        form = self.form_of(request.POST, must_type=bool(stored and stored.harmed))
        if stored is None:
            return self.show(form=form, refusal=PlanExpired(), status=409)
        if not form.is_valid():
            return self.show(form=form, status=422)
        try:
            enforce_sso(
                self.organization,
                product=self.product,
                sessions=form.cleaned_data["sessions"],
                stored_plan=stored,
                signed_in=self.standing.signed_in,
                actor=self.actor,
                now=timezone.now(),
            )
        except (DomainsNotProven, PlanChanged, PlanBlocked, PlanExpired) as error:
            return self.show(form=form, refusal=error, status=409)
        messages.success(request, f"SSO is enforced for {self.product.name}. API keys keep working.")
        return redirect("identity", slug=self.organization.slug)

    def show(
        self, *, form: EnforceForm | None = None, refusal: PlatformError | None = None, status: int = 200
    ) -> HttpResponse:
        now = timezone.now()
        plan = plan_enforcement(self.organization, product=self.product, signed_in=self.standing.signed_in, now=now)
        people_form = PeopleForm(self.request.GET)
        page = gather_page(
            self.organization,
            parent=self.parent,
            product=self.product,
            plan=plan,
            signed_in=self.standing.signed_in,
            form=people_form,
            request=self.request,
            now=now,
        )
        unproven = refusal.claims if isinstance(refusal, DomainsNotProven) else ()
        return self.render(
            "sso/enforcement/review.html",
            status=status,
            page=page,
            plan=plan,
            people_form=people_form,
            form=self.confirmation(plan, posted=form),
            refusal=refusal,
            unproven=[describe_claim(claim, now=now) for claim in unproven],
            address=self.address,
            now=now,
        )

    def confirmation(self, plan: Plan, *, posted: EnforceForm | None) -> EnforceForm | None:
        """The form with a freshly stored plan, and what was typed before; None where something stands in the way."""
        if plan.blockers:
            return None
        stored = store_plan(
            plan,
            parent_id=self.parent.id,
            organization_id=self.organization.id,
            actor_id=self.standing.user.id,
            now=timezone.now(),
        )
        must_type = bool(plan.harmed)
        if posted is None:
            return self.form_of(must_type=must_type, initial={"plan": stored.id})
        if posted.is_valid():
            # What was typed is right; why it wasn't done stands above the form.
            return self.form_of(must_type=must_type, initial={**posted.cleaned_data, "plan": stored.id})
        return self.form_of({**dict(posted.data.items()), "plan": stored.id.hex}, must_type=must_type)

    def form_of(self, data: Any = None, *, must_type: bool, **kwargs: Any) -> EnforceForm:
        return EnforceForm(data, organization=self.organization, must_type=must_type, **kwargs)

    def download(self) -> HttpResponseBase:
        """The list as it is filtered."""
        crowd = gather_crowd(self.parent, product=self.product)
        form = PeopleForm(self.request.GET)
        shown = chosen_list(form, at_risk=1)
        people = people_shown(crowd, shown, form=form)
        return stream_csv(f"sso-{self.product.slug}-{shown}", heads=CSV_HEADS, rows=csv_rows(crowd, people))


class AskToTry(ProductView):
    """*Email these people*: to everybody who has never signed in with SSO, at most once a day."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        self.setup_product()
        try:
            count = ask_to_try(self.parent, product=self.product, actor=self.actor, now=timezone.now())
        except AskedToTryToday as error:
            messages.info(request, f"{error.message_text} {error.remedy_text}")
        else:
            people = "1 person is" if count == 1 else f"{count} people are"
            messages.success(request, f"{people} asked by email to try SSO." if count else "Nobody is left to ask.")
        return redirect(self.address)


class MakeOptional(OrganizationView):
    """One click, since it only loosens; also where the plan lost SSO (spec 3.1).

    No recent sign-in is asked for: where SSO is required that would be SSO, and this is what helps when it is broken.
    """

    http_method_names = ["post"]
    managing_identity = True

    def post(self, request: HttpRequest, product: str) -> HttpResponse:
        parent = self.standing.parent
        if parent is None:
            raise NotFound
        found = find_product(parent, product)
        if make_optional(parent, product=found, actor=self.actor, now=timezone.now()):
            messages.success(request, f"SSO is optional again for {found.name}. Nobody was signed out.")
        return redirect("identity", slug=self.organization.slug)


def find_product(parent: ParentOrganization, slug: str) -> Product:
    """A product that an organization under the parent uses. Raises NotFound."""
    product = Product.objects.filter(slug=slug, organizations__parent=parent).distinct().first()
    if product is None:
        raise NotFound
    return product
