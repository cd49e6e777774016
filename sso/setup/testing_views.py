"""Test sign-in: leaving for the identity provider, and the page one comes back to."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone

from accounts import browser
from sso.actions.attempts import start_test
from sso.models import ConnectionRevision
from sso.queries.connections import find_test, find_unanswered_test, judge_certificate, latest_tests
from sso.saml import addresses
from sso.setup.errors import DraftClosed, NotReadyToTest
from sso.setup.pages import ConnectionView, StepView
from sso.setup.steps import LABELS, is_done, show_steps

RESULT_KINDS = {"passed": "ok", "stopped": "bad", "not_checked": "wait"}


class TestStep(StepView):
    """The step before the last: what will be tested, who should try it, what came of earlier tests."""

    __test__ = False  # not a test class, whatever its name

    step = "test"

    def get(self, request: HttpRequest) -> HttpResponse:
        now = timezone.now()
        unanswered = find_unanswered_test(self.connection, user_id=self.standing.user.id, now=now)
        return self.render(
            "sso/setup/test.html",
            certificates=[judge_certificate(each, now=now) for each in self.draft.certificates.all()],
            is_ready=is_done(self.draft, "metadata"),
            is_tested=is_done(self.draft, "test"),
            unanswered=unanswered,
            is_given_up=unanswered is not None and unanswered.expires_at <= now,
            tests=latest_tests(self.connection),
            back_url=self.address("metadata"),
            live_url=self.address("live"),
        )

    def post(self, request: HttpRequest) -> HttpResponse:
        return start(self, self.draft)


class TestLive(ConnectionView):
    """The same for the revision that serves, from *Manage SSO*."""

    __test__ = False  # not a test class, whatever its name

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        if self.state.live is None:
            raise DraftClosed
        return start(self, self.state.live)


class TestResult(ConnectionView):
    """What a test found: verdict, difference, fix, every check in order, claims, the message itself (spec 5.3)."""

    __test__ = False  # not a test class, whatever its name

    def get(self, request: HttpRequest, reference: str) -> HttpResponse:
        test = find_test(self.parent, self.connection.id, reference)
        draft = self.state.draft
        of_draft = draft is not None and test.revision_id == draft.id
        refused = test.report.get("error") or {}
        mend = "claims" if refused.get("code", "").startswith("claims_") else "metadata"
        return self.render(
            "sso/setup/test_result.html",
            test=test,
            report=test.report,
            seconds=f"{test.duration.total_seconds():.1f}" if test.duration else "",
            checks=[{**check, "kind": RESULT_KINDS[check["result"]]} for check in test.report.get("checks", [])],
            fix=self.find_fix(test.report.get("error")),
            steps=show_steps(draft, current="test", address=self.address) if of_draft and draft else [],
            is_current=of_draft and draft is not None and test.revision_version == draft.version,
            is_tested=of_draft and draft is not None and is_done(draft, "test"),
            of_draft=of_draft,
            test_url=self.address("test" if of_draft else "test_live"),
            may_test_again=of_draft or (self.state.live is not None and test.revision_id == self.state.live.id),
            live_url=self.address("live"),
            manage_url=self.address("manage"),
            mend_url=self.address(mend),
            mend_label=LABELS[mend],
        )

    def find_fix(self, error: dict[str, str] | None) -> dict[str, Any] | None:
        """The field to change at the provider, in its own words, with what belongs there; or the step of ours."""
        fix = self.state.provider.fixes.get(error["code"]) if error else None
        if fix is None:
            return None
        ours = {
            "acs_url": addresses.acs_url(self.connection),
            "entity_id": addresses.entity_id(self.connection),
            "metadata_url": addresses.entity_id(self.connection),
        }
        return {
            "field": fix.field,
            "path": fix.path,
            "value": ours.get(fix.value, ""),
            "step_url": self.address(fix.step) if fix.step and self.state.draft is not None else "",
        }


def start(view: ConnectionView, revision: ConnectionRevision) -> HttpResponse:
    """Begin a test of a revision and go to the page that links to the identity provider (a form may not: CSP)."""
    if not revision.sso_url or not revision.idp_entity_id:
        raise NotReadyToTest
    begun = start_test(
        revision,
        actor_user=view.standing.user,
        browser_hash=browser.ensure_browser_hash(view.request),
        return_path=view.address("tests"),
        now=timezone.now(),
    )
    return HttpResponseRedirect(begun.path)


class TestHistory(ConnectionView):
    """The folder of the results leads back to where tests begin."""

    __test__ = False  # not a test class, whatever its name

    http_method_names = ["get"]

    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponseRedirect(self.address("test" if self.state.draft is not None else "manage"))
