"""Invariants that no constraint of one row can express, kept by the database itself as triggers.

Each app lists its rules in `<app>/database_rules.py` as `RULES`, and as `EFFECTS` what follows from a change in the
same statement; they are installed after every `migrate`, since SQLite drops a table's triggers whenever Django rebuilds
the table. A rule is a condition over NEW (and OLD), written in the SQL that PostgreSQL and SQLite share; where it
holds, the statement fails with the rule's name.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module, util
from typing import Any, Literal

from django.apps import apps
from django.db import IntegrityError, connections, transaction

Event = Literal["INSERT", "UPDATE", "DELETE"]


@dataclass(frozen=True)
class DatabaseRule:
    """`name` is stable and appears in the error; `refuse_when` is SQL that is true for a row that must never be."""

    name: str
    table: str
    events: tuple[Event, ...]
    refuse_when: str


@dataclass(frozen=True)
class DatabaseEffect:
    """After `event` on a row for which `when` is true, `then` runs. `{fresh}` in it is a number never used before."""

    name: str
    table: str
    event: Event
    when: str
    then: str


# 53 random bits. A counter would come to the same number twice when a transaction that moved it is rolled back.
_FRESH = {"postgresql": "floor(random() * 9007199254740992)::bigint", "sqlite": "(random() & 9007199254740991)"}


def differs(*columns: str) -> str:
    """The condition that an update changed one of these columns."""
    return " OR ".join(
        f"NEW.{column} <> OLD.{column} OR (NEW.{column} IS NULL) <> (OLD.{column} IS NULL)" for column in columns
    )


def violated_rule(error: IntegrityError) -> str:
    """The name of the rule or constraint that refused, or '' if the message names none we know."""
    text = str(error)
    return next((rule.name for rule in all_rules() if f"rule {rule.name} " in text + " "), "")


def all_rules() -> Iterator[DatabaseRule]:
    for module in _modules():
        yield from module.RULES


def _all_effects() -> Iterator[DatabaseEffect]:
    for module in _modules():
        yield from getattr(module, "EFFECTS", ())


def _modules() -> Iterator[Any]:
    for app in apps.get_app_configs():
        name = f"{app.name}.database_rules"
        if app.name != "identity_platform" and util.find_spec(name):
            yield import_module(name)


def install_after_migrate(using: str, **_: Any) -> None:
    """Signal receiver: by the time an app's `post_migrate` is sent, the migrations of all apps have run."""
    install(using)


def install(using: str = "default") -> None:
    """(Re)create all triggers. Safe to repeat."""
    connection = connections[using]
    existing = set(connection.introspection.table_names())
    make = _postgresql if connection.vendor == "postgresql" else _sqlite
    with transaction.atomic(using), connection.cursor() as cursor:
        for rule in all_rules():
            if rule.table in existing:
                for statement in make(rule):
                    cursor.execute(statement)
        for effect in _all_effects():
            if effect.table in existing:
                for statement in _make_effect(effect, vendor=connection.vendor):
                    cursor.execute(statement)


def _postgresql(rule: DatabaseRule) -> Iterator[str]:
    result = "OLD" if "DELETE" in rule.events else "NEW"
    yield f"""
        CREATE OR REPLACE FUNCTION {rule.name}() RETURNS trigger LANGUAGE plpgsql AS $rule$
        BEGIN
            IF {rule.refuse_when} THEN
                RAISE EXCEPTION 'rule {rule.name} refuses this row' USING ERRCODE = 'integrity_constraint_violation';
            END IF;
            RETURN {result};
        END $rule$"""
    yield f"DROP TRIGGER IF EXISTS {rule.name} ON {rule.table}"
    yield (
        f"CREATE TRIGGER {rule.name} BEFORE {' OR '.join(rule.events)} ON {rule.table} "
        f"FOR EACH ROW EXECUTE FUNCTION {rule.name}()"
    )


def _sqlite(rule: DatabaseRule) -> Iterator[str]:
    for event in rule.events:
        name = f"{rule.name}_{event.lower()}"
        yield f"DROP TRIGGER IF EXISTS {name}"
        yield (
            f"CREATE TRIGGER {name} BEFORE {event} ON {rule.table} FOR EACH ROW WHEN {rule.refuse_when} "
            f"BEGIN SELECT RAISE(ABORT, 'rule {rule.name} refuses this row'); END"
        )


def _make_effect(effect: DatabaseEffect, *, vendor: str) -> Iterator[str]:
    then = effect.then.format(fresh=_FRESH[vendor])
    after = f"AFTER {effect.event} ON {effect.table} FOR EACH ROW"
    if vendor == "sqlite":
        yield f"DROP TRIGGER IF EXISTS {effect.name}"
        yield f"CREATE TRIGGER {effect.name} {after} WHEN {effect.when} BEGIN {then}; END"
        return
    yield f"""
        CREATE OR REPLACE FUNCTION {effect.name}() RETURNS trigger LANGUAGE plpgsql AS $effect$
        BEGIN
            {then};
            RETURN NULL;
        END $effect$"""
    yield f"DROP TRIGGER IF EXISTS {effect.name} ON {effect.table}"
    yield f"CREATE TRIGGER {effect.name} {after} WHEN ({effect.when}) EXECUTE FUNCTION {effect.name}()"
