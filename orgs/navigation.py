"""The sidebar: what exists, for whom."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse

if TYPE_CHECKING:
    from orgs.access import Standing


@dataclass(frozen=True)
class Item:
    label: str
    url: str
    icon: str
    is_current: bool


@dataclass(frozen=True)
class Group:
    label: str
    entries: tuple[Item, ...]


@dataclass(frozen=True)
class Choice:
    """One organization in the switcher."""

    name: str
    detail: str
    url: str
    is_current: bool


def other_organizations(standing: "Standing") -> Iterator[Choice]:
    """The organizations that this person manages identity of; asked only when the switcher is shown."""
    from orgs.access import memberships_shown_to  # noqa: PLC0415 - the door renders pages with this navigation

    for membership in memberships_shown_to(standing.signed_in):
        if membership.role.manages_identity and membership.lets_in:
            organization = membership.organization
            yield Choice(
                name=organization.name,
                detail=f"{organization.product} · {organization.plan.name}",
                url=reverse("identity", kwargs={"slug": organization.slug}),
                is_current=organization.id == standing.organization.id,
            )


def of_organization(standing: "Standing", *, path: str) -> tuple[Group, ...]:
    """The pages of this organization that this person may open, as groups for `layouts/settings.html`."""
    if not standing.manages_identity:
        return ()
    here = {"slug": standing.organization.slug}
    pages = (("Identity and access", "identity", "shield"), ("Sessions", "sessions:list", "clock"))
    addresses = ((label, reverse(name, kwargs=here), icon) for label, name, icon in pages)
    return (Group("Security", tuple(Item(label, url, icon, path.startswith(url)) for label, url, icon in addresses)),)
