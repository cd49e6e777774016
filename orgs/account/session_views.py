"""`/account/sessions/`: where the person is signed in, and ending it (spec 6.9)."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts import browser
from accounts.actions import sessions
from accounts.devices import describe_device
from accounts.open_sessions import open_sessions_of
from orgs.account.pages import AccountView

SHOWN = 100  # the last used; who has more ends them together


class SessionsView(AccountView):
    def get(self, request: HttpRequest) -> HttpResponse:
        found = open_sessions_of(self.person, now=self.now)
        shown = [
            {
                "session": session,
                "device": describe_device(session.user_agent),
                "is_this": session.id == self.signed_in.session.id,
            }
            for session in found[:SHOWN]
        ]
        others = found.count() - 1
        return self.show("account/sessions.html", sessions=shown, others=others, unshown=max(0, others + 1 - SHOWN))


class EndSessionView(AccountView):
    """`/account/sessions/end/<id>/`: one of one's own; ending the present one signs out."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, session_id: uuid.UUID) -> HttpResponse:
        if session_id == self.signed_in.session.id:
            sessions.end_session(self.signed_in.session, actor=self.actor, now=self.now)
            browser.take_session(request)
            return redirect("login")
        if sessions.end_one_of(self.person, session_id, actor=self.actor, now=self.now):
            messages.success(request, "The session is ended: its browser has to sign in again.")
        else:
            messages.info(request, "That session had ended already.")
        return redirect("account_sessions")


class EndOtherSessionsView(AccountView):
    """`/account/sessions/end-others/`: all but this one."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        ended = sessions.end_others_of(self.person, kept=self.signed_in.session, actor=self.actor, now=self.now)
        messages.success(request, f"You are signed out of {count_of(ended)}. This browser stays signed in.")
        return redirect("account_sessions")


def count_of(ended: int) -> str:
    return "1 other browser" if ended == 1 else f"{ended} other browsers"
