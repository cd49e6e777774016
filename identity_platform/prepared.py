"""Statements whose SQL is made once, for the few requests that are measured (benchmarks/).

The ORM compiles a query anew each time: 200–390 µs of CPU where running it takes 60. What is decorated here is written
with managers, filters and select_related like any other query. It is called once, with parameters in place of values;
from then on the SQL that came out of it runs. So it may put its arguments into filters and new values but never look at
them, and None can't be passed: SQL finds nothing by `= NULL`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, wraps
from inspect import signature
from operator import attrgetter
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from django.db import connection, models
from django.db.models.sql import UpdateQuery

Arguments = ParamSpec("Arguments")
Row = TypeVar("Row", bound=models.Model)
# Values of these go to the driver as `_for_database` says; all others are translated by their fields, which costs more.
_PLAIN = (
    *(models.CharField, models.TextField, models.BooleanField, models.IntegerField, models.DateTimeField),
    *(models.UUIDField, models.ForeignKey),
)
Update = tuple[models.QuerySet[Any], Mapping[str, Any]]


class _Parameter(models.Expression):
    """Stands in a query for a value that is known when the query runs."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        return "%s", [self]


def prepared(build: Callable[Arguments, models.QuerySet[Row]]) -> Callable[Arguments, list[Row]]:
    """A function that builds a queryset of models becomes one that returns its rows.

    Works with select_related, annotations and order; not with values(), slices or prefetch_related.
    """
    make = lru_cache(maxsize=1)(lambda: _Select.of(build(**_parameters_of(build))))  # type: ignore[call-arg]

    @wraps(build)
    def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> list[Row]:
        return make().run(_values_of(build, args, kwargs))

    return run


def prepared_update(build: Callable[Arguments, Update]) -> Callable[Arguments, int]:
    """A function that returns a queryset and new values becomes one that updates, and returns how many rows it did."""
    make = lru_cache(maxsize=1)(lambda: _compile_update(*build(**_parameters_of(build))))  # type: ignore[call-arg]

    @wraps(build)
    def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> int:
        statement = make()
        with connection.cursor() as cursor:
            cursor.execute(statement.sql, statement.fill(_values_of(build, args, kwargs)))
            return cursor.rowcount

    return run


def insert(row: models.Model, *, unless_there: bool = False) -> bool:
    """Insert a new row as `save(force_insert=True)` does, but without signals and auto_now.

    With `unless_there` a row whose unique key exists already is left away, and False returned: without a savepoint and
    without an exception that would end the transaction.
    """
    statement = _make_insert(type(row), unless_there)
    values = [_for_database(value) for value in statement.read(row)]
    for position, field in statement.special:
        values[position] = field.get_db_prep_save(values[position], connection)
    with connection.cursor() as cursor:
        cursor.execute(statement.sql, values)
        if not statement.key:
            inserted = cursor.rowcount == 1
        elif made := cursor.fetchone():  # the driver of SQLite counts no row before it is fetched
            setattr(row, statement.key, made[0])
            inserted = True
        else:
            inserted = False
    if not inserted:
        return False
    row._state.adding, row._state.db = False, connection.alias
    return True


@dataclass(frozen=True)
class _Statement:
    sql: str
    parameters: Sequence[Any]

    def fill(self, values: Mapping[str, Any]) -> list[Any]:
        return [_for_database(values[part.name]) if isinstance(part, _Parameter) else part for part in self.parameters]


@dataclass(frozen=True)
class _Select:
    """A compiled query and how its rows become models, as django.db.models.query.ModelIterable does it."""

    statement: _Statement
    root: "_Maker"
    annotations: Mapping[str, int]
    converters: Sequence[tuple[int, Sequence[Any], Any]]

    @classmethod
    def of(cls, queryset: models.QuerySet[Any]) -> "_Select":
        compiler: Any = queryset.query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        select, info = compiler.select, compiler.klass_info
        converters = compiler.get_converters([expression for expression, *_ in select])
        return cls(
            statement=_Statement(sql, tuple(parameters)),
            root=_Maker.of(info, select),
            annotations=compiler.annotation_col_map or {},
            converters=[(position, *conversion) for position, conversion in converters.items()],
        )

    def run(self, values: Mapping[str, Any]) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(self.statement.sql, self.statement.fill(values))
            return [self._make(list(row)) for row in cursor.fetchall()]

    def _make(self, row: list[Any]) -> models.Model:
        for position, functions, expression in self.converters:
            for convert in functions:
                row[position] = convert(row[position], expression, connection)
        made = self.root.make(row)
        assert made is not None  # noqa: S101 - a row of the query is a row of its model
        for name, position in self.annotations.items():
            setattr(made, name, row[position])
        return made


@dataclass(frozen=True)
class _Maker:
    """Makes one model of a row and those that select_related added to it, as RelatedPopulator does, but sets what was
    read without `Model.__init__`, which asks each field and sends two signals. Columns left away are deferred."""

    model: type[models.Model]
    columns: slice
    names: Sequence[str]
    key: int
    related: Sequence[tuple["_Maker", Callable[[Any, Any], None], Callable[[Any, Any], None]]]

    @classmethod
    def of(cls, info: Mapping[str, Any], select: Sequence[Any]) -> "_Maker":
        if info.get("from_parent"):
            raise TypeError(f"{info['model'].__name__} inherits from a table of its own, which isn't prepared for")
        columns = slice(info["select_fields"][0], info["select_fields"][-1] + 1)
        names = [expression.target.attname for expression, *_ in select[columns]]
        return cls(
            model=info["model"],
            columns=columns,
            names=names,
            key=columns.start + names.index(info["model"]._meta.pk.attname),
            related=[
                (cls.of(related, select), related["local_setter"], related["remote_setter"])
                for related in info.get("related_klass_infos", ())
            ],
        )

    def make(self, row: Sequence[Any]) -> models.Model | None:
        if row[self.key] is None:
            return None
        made = self.model.__new__(self.model)
        made._state = models.base.ModelState()
        made._state.adding, made._state.db = False, connection.alias
        vars(made).update(zip(self.names, row[self.columns], strict=True))
        for maker, set_local, set_remote in self.related:
            other = maker.make(row)
            set_local(made, other)
            if other is not None:
                set_remote(other, made)
        return made


@dataclass(frozen=True)
class _Insert:
    """`read` takes the values from a row, `special` are those whose fields translate them for the driver;
    `key` is the attribute of a primary key that the database makes."""

    sql: str
    read: Callable[[models.Model], Sequence[Any]]
    special: Sequence[tuple[int, Any]]
    key: str


def _compile_update(queryset: models.QuerySet[Any], new: Mapping[str, Any]) -> _Statement:
    query: Any = queryset.query.chain(UpdateQuery)
    query.add_update_values(dict(new))
    sql, parameters = query.get_compiler(connection=connection).as_sql()
    return _Statement(sql, tuple(parameters))


@lru_cache(maxsize=64)
def _make_insert(model: type[models.Model], unless_there: bool) -> _Insert:
    meta, quote = model._meta, connection.ops.quote_name
    key = meta.pk.attname if isinstance(meta.pk, models.AutoField) else ""
    fields = [field for field in meta.concrete_fields if not field.generated and field.attname != key]
    columns = ", ".join(quote(str(field.column)) for field in fields)
    sql = f"INSERT INTO {quote(meta.db_table)} ({columns}) VALUES ({', '.join(['%s'] * len(fields))})"  # noqa: S608 - names of ours
    if unless_there:
        sql += " ON CONFLICT DO NOTHING"
    if key:
        sql += f" RETURNING {quote(str(meta.pk.column))}"
    return _Insert(
        sql=sql,
        read=attrgetter(*(field.attname for field in fields)),
        special=[(position, field) for position, field in enumerate(fields) if not isinstance(field, _PLAIN)],
        key=key,
    )


def _parameters_of(build: Callable[..., Any]) -> dict[str, Any]:
    return {name: _Parameter(name) for name in signature(build).parameters}


def _values_of(build: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    values = {**dict(zip(build.__code__.co_varnames, args, strict=False)), **kwargs}
    if None in values.values():
        raise ValueError(f"{build.__name__} can't be asked for None: SQL finds nothing by `= NULL`")
    return values


def _for_database(value: Any) -> Any:
    """A value as Django's fields would hand it to the driver; text and numbers stay what they are."""
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    if isinstance(value, UUID):
        return value if connection.features.has_native_uuid_field else value.hex
    return value
