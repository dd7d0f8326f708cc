"""How often each value of a field occurs among what a query lets through: one statement.

What can be counted is read from the table of fields and from the columns that
filters compare, so that a new field is counted without more ado.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    CompoundSelect,
    FromClause,
    Integer,
    Numeric,
    Select,
    Text,
    case,
    cast,
    func,
    literal,
    select,
    true,
    union_all,
)

from catalog.db.models import Asset, AssetTag, Clip, Location, Root, Tag
from catalog.domain.facets import FacetName, buckets_of
from catalog.domain.query import FIELDS, Field, FieldType, Filter
from catalog.store import filter_fields, filters
from catalog.store.search.ranking import candidates

_MONTH, _YEAR = "YYYY-MM", "YYYY"


@dataclass(frozen=True, slots=True)
class _Values:
    """Rows ``(asset_id, value)``, no value twice for one asset; of shots, for one shot."""

    source: FromClause
    of_clip: bool = False
    newest_first: bool = False
    exact: bool = False


def facet_statement(
    where: ColumnElement[bool],
    names: Sequence[FacetName],
    *,
    flagged: bool,
    prefix: str,
    limit: int,
) -> CompoundSelect[Any]:
    """Rows ``facet, value, assets, shots``, at most ``limit`` of each facet, commonest first.

    Dates, durations and sizes come in the order of their values. An asset without
    shots counts as one shot, as it is one hit.
    """
    found = candidates(where, flagged=flagged)
    counted = (
        select(found.c.asset_id, func.count().label("shots"))
        .group_by(found.c.asset_id)
        .cte("counted")
    )
    return union_all(
        *(_counts(name, found, counted, prefix, limit).subquery().select() for name in names)
    )


def _counts(
    name: FacetName, found: CTE, counted: CTE, prefix: str, limit: int
) -> Select[*tuple[Any, ...]]:
    values = _values(name, found, counted)
    rows = values.source
    if values.of_clip:
        assets: ColumnElement[Any] = func.count(rows.c.asset_id.distinct())
        shots: ColumnElement[Any] = func.count()
        joined: FromClause = rows
    else:
        assets, shots = func.count(), cast(func.sum(counted.c.shots), BigInteger)
        joined = rows.join(counted, counted.c.asset_id == rows.c.asset_id)
    # In any case of letters and composed or not, as filters compare; keys of metadata are exact.
    key = rows.c.value if values.exact else func.lower(func.normalize(rows.c.value))
    statement = (
        select(
            literal(name.text, Text).label("facet"),
            func.min(rows.c.value).label("value"),
            assets.label("assets"),
            shots.label("shots"),
        )
        .select_from(joined)
        .where(rows.c.value.is_not(None), rows.c.value != "")
        .group_by(key)
        .limit(limit)
    )
    if name.field.type in (FieldType.DURATION, FieldType.SIZE):
        return statement.order_by(cast(key, Integer))
    if prefix:
        begun = func.lower(func.normalize(literal(prefix, Text)))
        statement = statement.where(
            func.starts_with(func.lower(func.normalize(rows.c.value)), begun)
        )
    if values.newest_first:
        return statement.order_by(key.desc())
    return statement.order_by(shots.desc(), key)


def _values(name: FacetName, found: CTE, counted: CTE) -> _Values:
    special = _SPECIAL.get(name.text)
    if special is not None:
        return special(counted)
    field = name.field
    if name.key:
        return _of_asset(counted, filter_fields.metadata_value(name.key))
    if field.type is FieldType.CHOICE and field.name not in filter_fields.COLUMNS:
        return _choices(field, found)
    column = filter_fields.COLUMNS[field.name]
    if getattr(column, "class_", None) is Clip:
        return _of_clip(found, cast(column, Text))
    return _of_asset(counted, _as_text(field, column), newest_first=field.type is FieldType.DATE)


def _as_text(field: Field, column: Any) -> ColumnElement[Any]:  # noqa: ANN401  # a mapped column
    """The value as the query language spells it; of a measure, the number of its bucket."""
    if field.type in (FieldType.DURATION, FieldType.SIZE):
        bounds = buckets_of(field)
        steps = [(column < bound, str(number)) for number, bound in enumerate(bounds)]
        return case((column.is_(None), None), *steps, else_=str(len(bounds)))
    if field.type is FieldType.DATE:
        return func.to_char(column, _MONTH)
    if field.type is FieldType.NUMBER:
        # As a single number means half a hundredth to either side.
        return cast(func.trim_scale(func.round(cast(column, Numeric), 2)), Text)
    if field.type is FieldType.LEVEL:
        return cast(func.floor(cast(column, Numeric) + 0.5), Text)
    return cast(column, Text)


def _of_asset(counted: CTE, value: ColumnElement[Any], *, newest_first: bool = False) -> _Values:
    rows = select(Asset.id.label("asset_id"), value.label("value")).join(
        counted, counted.c.asset_id == Asset.id
    )
    return _Values(rows.subquery(), newest_first=newest_first)


def _of_clip(found: CTE, value: ColumnElement[Any]) -> _Values:
    rows = select(found.c.asset_id, value.label("value")).join(Clip, Clip.id == found.c.clip_id)
    return _Values(rows.subquery(), of_clip=True)


def _choices(field: Field, found: CTE) -> _Values:
    """Of a field that asks rather than reads a column: whatever each answer lets through."""
    rows = (
        select(found.c.asset_id, literal(choice.lower(), Text).label("value"))
        .join(Asset, Asset.id == found.c.asset_id)
        .outerjoin(Clip, Clip.id == found.c.clip_id)
        .where(filters.condition(Filter(field, (choice,))))
        for choice in field.choices
    )
    return _Values(union_all(*rows).subquery(), of_clip=True)


# --- fields whose values lie elsewhere -----------------------------------------------


def _tags(_counted: CTE) -> _Values:
    rows = select(AssetTag.asset_id, Tag.name.label("value")).join(Tag, Tag.id == AssetTag.tag_id)
    return _Values(rows.subquery())


def _containers(counted: CTE) -> _Values:
    names = func.unnest(func.string_to_array(Asset.container, ","))
    return _of_asset(counted, names)


def _languages(counted: CTE) -> _Values:
    of_assets = select(Asset.id.label("asset_id"), Asset.language.label("value")).join(
        counted, counted.c.asset_id == Asset.id
    )
    of_clips = select(Clip.asset_id, Clip.language).join(
        counted, counted.c.asset_id == Clip.asset_id
    )
    # Grouped, where a union would read all clips in their order to find those of one asset.
    every = union_all(of_assets, of_clips).subquery()
    tags = select(every).group_by(*every.c).subquery()
    # ``pt`` stands for ``pt-BR`` too, in a filter and so here.
    parts = func.string_to_array(tags.c.value, "-")
    most = func.generate_series(1, func.cardinality(parts)).table_valued("parts").render_derived()
    whole = func.array_to_string(
        func.trim_array(parts, func.cardinality(parts) - most.c.parts), "-", type_=Text
    )
    rows = select(tags.c.asset_id, func.min(whole).label("value")).join(most, true())
    return _Values(rows.group_by(tags.c.asset_id, func.lower(whole)).subquery())


def _roots(counted: CTE) -> _Values:
    rows = (
        select(Location.asset_id, Root.path.label("value"))
        .join(Root, Root.id == Location.root_id)
        .join(counted, counted.c.asset_id == Location.asset_id)
        .distinct()
    )
    return _Values(rows.subquery())


def _years(counted: CTE) -> _Values:
    return _of_asset(counted, func.to_char(Asset.recorded, _YEAR), newest_first=True)


def _metadata_keys(counted: CTE) -> _Values:
    is_object = func.jsonb_typeof(Asset.metadata_) == "object"
    each = func.jsonb_each_text(case((is_object, Asset.metadata_))).table_valued("key", "value")
    rows = (
        select(Asset.id.label("asset_id"), each.c.key.label("value"))
        .join(counted, counted.c.asset_id == Asset.id)
        .join(each, each.c.value != "")
    )
    return _Values(rows.subquery(), exact=True)


_SPECIAL: dict[str, Callable[[CTE], _Values]] = {
    "tag": _tags,
    "container": _containers,
    "lang": _languages,
    "root": _roots,
    "path": _roots,
    "year": _years,
    "meta": _metadata_keys,
}


def countable() -> tuple[str, ...]:
    """Names of the facets, in the order of the fields; ``meta.KEY`` besides."""
    fields = [
        field.name
        for field in FIELDS
        if field.name in _SPECIAL
        or field.name in filter_fields.COLUMNS
        or field.type is FieldType.CHOICE
    ]
    return (*(name for name in fields if name != "id"), "root", "year")
