"""Which named constraint of a table refused a row, on PostgreSQL and on SQLite."""

import re
from typing import Any

from django.db import IntegrityError, models

_UNIQUE_IN_SQLITE = re.compile(r"UNIQUE constraint failed: (?P<columns>.+)")


def violated_constraint(error: IntegrityError, *, model: type[models.Model]) -> str:
    """The name of the constraint of `model` that refused, '' if it was none of them.

    PostgreSQL names it. SQLite names the columns of a unique constraint, and the name of a check.
    """
    names = {constraint.name for constraint in model._meta.constraints}
    diagnosis: Any = getattr(error.__cause__, "diag", None)
    if diagnosis is not None:
        return diagnosis.constraint_name if diagnosis.constraint_name in names else ""
    if match := _UNIQUE_IN_SQLITE.search(str(error)):
        columns = match["columns"].split(", ")
        for constraint in model._meta.constraints:
            if isinstance(constraint, models.UniqueConstraint) and columns == _columns(model, constraint):
                return constraint.name
    return next((name for name in names if str(error).endswith(f": {name}")), "")


def _columns(model: type[models.Model], constraint: models.UniqueConstraint) -> list[str]:
    named = {field.name: field.column for field in model._meta.local_fields}
    return [f"{model._meta.db_table}.{named[name]}" for name in constraint.fields]
