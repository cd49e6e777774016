"""What moves when the door's answers may have changed."""

import uuid

from django.db.models import F

from orgs.models import ParentOrganization


def move_access_version(parent_id: uuid.UUID) -> None:
    """Have the cached policies of this parent asked for anew by every process.

    To be called in the transaction of every change of what the door or the offer asks: enforcement, session policy,
    connections, domain claims, `proofs_valid_from`.
    """
    ParentOrganization.objects.filter(id=parent_id).update(access_version=F("access_version") + 1)
