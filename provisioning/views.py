"""The page *Provisioning mode*: three modes, what another one would change, and the button that does exactly that."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from identity_platform.models import StoredPlan
from identity_platform.paging import page_of
from identity_platform.plans import Blocker, Plan, PlanBlocked, PlanChanged, PlanExpired, find_plan, store_plan
from orgs.access import IdentityManagerView, require_recent_sign_in
from provisioning.actions import switch_mode
from provisioning.forms import ModeForm, SwitchForm
from provisioning.models import Mode
from provisioning.queries import KIND_OF_MODE_CHANGE, plan_mode_change, settings_of, what_mode_lacks


@dataclass(frozen=True)
class Meaning:
    """A row of the table in spec section 7: who gets in, with which role, how people leave."""

    summary: str
    who: str
    role: str
    leaving: str


MEANINGS = {
    Mode.MANUAL: Meaning(
        summary="You invite and remove people by hand.",
        who="Whoever was added or invited here.",
        role="Changed here.",
        leaving="Removed here.",
    ),
    Mode.JIT: Meaning(
        summary="People become members when they first sign in with SSO.",
        who="Anyone who signs in through your connection. Invitations go only to addresses outside your domains.",
        role="The lowest one first, then changed here.",
        leaving="Removing somebody at your identity provider isn't visible to us: they can't sign in any more, but "
        "stay on the list, and a session lives until your session policy or Remove ends it.",
    ),
    Mode.SCIM: Meaning(
        summary="Your directory adds and removes people by itself.",
        who="Whom your directory has as active. Invitations go only to addresses outside your domains.",
        role="The lowest one first, then changed here.",
        leaving="Removed or deactivated there means removed here.",
    ),
}


@dataclass(frozen=True)
class Option:
    """One choice card; `detail` also says what is missing."""

    mode: Mode
    detail: str
    badge: str
    is_disabled: bool


@dataclass(frozen=True)
class Preview:
    """A plan as the page shows it."""

    plan: Plan
    stored: StoredPlan | None
    old: Mode
    new: Mode
    page: Any
    joining: int
    harmed: int
    changing: int
    staying: int

    @property
    def heading(self) -> str:
        return f"Preview: from {_in_sentence(self.old)} to {_in_sentence(self.new)}"

    @property
    def button(self) -> str:
        return f"Switch to {_in_sentence(self.new)}"


class ProvisioningModeView(IdentityManagerView):
    """`?mode=jit` shows what that mode would change, so that a preview can be linked and works without scripting."""

    def get(self, request: HttpRequest) -> HttpResponse:
        form = ModeForm(request.GET)
        chosen = Mode(form.cleaned_data["mode"]) if form.is_valid() else Mode(settings_of(self.organization).mode)
        return self.show(chosen)

    def post(self, request: HttpRequest) -> HttpResponse:
        require_recent_sign_in(request)
        form = SwitchForm(request.POST)
        if not form.is_valid():
            return self.show(Mode(settings_of(self.organization).mode), refusal=PlanExpired(), status=409)
        chosen = Mode(form.cleaned_data["mode"])
        stored = find_plan(
            form.cleaned_data["plan"],
            kind=KIND_OF_MODE_CHANGE,
            parent_id=self.parent.id,
            actor_id=self.standing.user.id,
        )
        if stored is None:
            return self.show(chosen, refusal=PlanExpired(), status=409)
        try:
            switch_mode(self.organization, to=chosen, stored_plan=stored, actor=self.actor, now=timezone.now())
        except (PlanChanged, PlanBlocked, PlanExpired) as error:
            return self.show(chosen, refusal=error, status=409)
        messages.success(request, f"The provisioning mode of {self.organization.name} is now {_in_sentence(chosen)}.")
        return redirect("provisioning:mode", slug=self.organization.slug)

    def show(
        self,
        chosen: Mode,
        *,
        refusal: PlanChanged | PlanBlocked | PlanExpired | None = None,
        status: int = 200,
    ) -> HttpResponse:
        present = Mode(settings_of(self.organization).mode)
        preview = self.preview(chosen, present=present) if chosen != present else None
        return self.render(
            "provisioning/mode.html",
            status=status,
            options=[_option(mode, present=present, lacks=self.lacks(mode)) for mode in Mode],
            chosen=chosen,
            chosen_label=chosen.label,
            meaning=MEANINGS[chosen],
            preview=preview,
            refusal=refusal,
            now=timezone.now(),
        )

    def lacks(self, mode: Mode) -> Blocker | None:
        return what_mode_lacks(self.organization, mode=mode)

    def preview(self, chosen: Mode, *, present: Mode) -> Preview:
        now = timezone.now()
        plan = plan_mode_change(self.organization, to=chosen, actor=self.actor, now=now)
        stored = None
        if not plan.blockers:
            # Asked for before the button is shown, so that the confirmation isn't lost to a sign-in.
            require_recent_sign_in(self.request)
            stored = store_plan(
                plan,
                parent_id=self.parent.id,
                organization_id=self.organization.id,
                actor_id=self.standing.user.id,
                now=now,
            )
        counts = Counter(effect.change for effect in plan.effects)
        return Preview(
            plan=plan,
            stored=stored,
            old=present,
            new=chosen,
            page=page_of(self.request, plan.effects),
            joining=counts["joins"],
            harmed=sum(effect.is_harmful for effect in plan.effects),
            changing=counts["changes"],
            staying=counts["stays"],
        )


def _option(mode: Mode, *, present: Mode, lacks: Blocker | None) -> Option:
    says = MEANINGS[mode].summary
    missing = lacks if mode != present else None
    return Option(
        mode=mode,
        detail=f"{says} {missing.message} {missing.remedy}" if missing else says,
        badge="Current" if mode == present else "",
        # Just in time can be looked at before there is a connection; the preview leads to what is missing.
        is_disabled=missing is not None and mode == Mode.SCIM,
    )


def _in_sentence(mode: Mode) -> str:
    return mode.label if mode == Mode.SCIM else mode.label.lower()
