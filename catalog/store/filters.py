"""A query's tree as SQL conditions over assets and their clips.

Free words never exclude anything: they rank. Everything else in the tree
(filters, exact phrases, what is negated) decides what may be found at all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Double,
    Numeric,
    SQLColumnExpression,
    Text,
    and_,
    any_,
    cast,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY, array
from sqlalchemy.orm import aliased

from catalog.db.models import Asset, AssetTag, Clip, Location, Root, Tag
from catalog.domain.media import FLAGS
from catalog.domain.query import (
    And,
    Circle,
    DateRange,
    Field,
    FieldType,
    Filter,
    Node,
    Not,
    NumberRange,
    Or,
    Phrase,
    TextMatch,
    Value,
    Words,
)
from catalog.store.places import within

Condition = ColumnElement[bool]
Column = SQLColumnExpression[Any]


def condition(node: Node | None, *, words_exclude: bool = False) -> Condition:
    """Which assets and clips the tree lets through.

    ``words_exclude`` has free words decide as well: below a ``-``, and in lists
    that have no ranking.
    """
    match node:
        case None:
            return true()
        case Words(text=text):
            return _in_words(_all_words_query(text)) if words_exclude else true()
        case Phrase(text=text):
            return _in_words(_phrase_query(text))
        case Not(node=inner):
            # A missing value is not the value: three-valued logic would lose it.
            return not_(func.coalesce(condition(inner, words_exclude=True), false()))
        case And(nodes=nodes):
            return and_(*(condition(each, words_exclude=words_exclude) for each in nodes))
        case Or(nodes=nodes):
            return or_(*(condition(each, words_exclude=words_exclude) for each in nodes))
        case Filter():
            return _filter(node)


def _in_words(query: ColumnElement[Any]) -> Condition:
    """In the asset's words, or in what is said or logged over the shot.

    The shots are found first, by the index; a comparison per row would read them all.
    """
    heard = aliased(Clip)
    found = select(heard.id).where(heard.kind == "shot", heard.words.bool_op("@@")(query))
    return or_(Asset.words.bool_op("@@")(query), func.coalesce(Clip.id.in_(found), false()))


def asks_for_flagged(node: Node | None) -> bool:
    """Whether the tree wants shots that are left out unless they are asked for."""
    match node:
        case Filter(field=Field(name=("is" | "has")), values=values):
            return any(value in (*FLAGS, "flag") for value in values)
        case And(nodes=nodes) | Or(nodes=nodes):
            return any(asks_for_flagged(each) for each in nodes)
        case _:
            return False


def versions_wanted(node: Node | None) -> Condition:
    """Former versions are left out, unless the tree asks for them, or for what has no file."""
    return true() if _asks_for_former(node) else Asset.superseded_by.is_(None)


def _asks_for_former(node: Node | None) -> bool:
    match node:
        case Filter(field=Field(name="is"), values=values):
            return any(value in ("superseded", "missing") for value in values)
        case Filter(field=Field(name="id")):
            return True
        case And(nodes=nodes) | Or(nodes=nodes):
            return any(_asks_for_former(each) for each in nodes)
        case _:
            return False


def keyword_query(node: Node | None) -> ColumnElement[Any] | None:
    """The tsquery of the tree's words and phrases, to rank by; None without any."""
    match node:
        case Words(text=text):
            return _all_words_query(text)
        case Phrase(text=text):
            return _phrase_query(text)
        case And(nodes=nodes):
            return _joined(nodes, "&&")
        case Or(nodes=nodes):
            return _joined(nodes, "||")
        case _:
            return None


def _joined(nodes: tuple[Node, ...], operator: str) -> ColumnElement[Any] | None:
    parts = [part for part in map(keyword_query, nodes) if part is not None]
    if not parts:
        return None
    # Pair by pair: a chain of hundreds would nest deeper than Python recurses.
    while len(parts) > 1:
        pairs = [parts[at : at + 2] for at in range(0, len(parts), 2)]
        parts = [p[0] if len(p) == 1 else p[0].op(operator)(p[1]) for p in pairs]
    return parts[0]


def _phrase_query(text: str) -> ColumnElement[Any]:
    return func.catalog.phrase_query(text, type_=TSQUERY)


def _all_words_query(text: str) -> ColumnElement[Any]:
    return func.catalog.words_query(text, type_=TSQUERY)


# --- filters ------------------------------------------------------------------


def _filter(node: Filter) -> Condition:
    if node.field.keyed:
        return or_(*(_matches(metadata_value(node.key), _text(value)) for value in node.values))
    build = _SPECIAL.get(node.field.name)
    if build is not None:
        return or_(*(build(value) for value in node.values))
    column = COLUMNS[node.field.name]
    exact = [value.exact for value in node.values if isinstance(value, TextMatch) and value.exact]
    if 1 < len(exact) == len(node.values) and node.field.type is not FieldType.LANGUAGE:
        return func.lower(column) == any_(_lowered(exact))
    return or_(*(_compare(node.field, column, value) for value in node.values))


def _lowered(values: list[str]) -> ColumnElement[Any]:
    """In small letters, as a list that is looked into at once instead of value by value.

    Where every database makes small letters alike it is one parameter, however long.
    """
    if all(value.isascii() and "I" not in value for value in values):  # Turkish has two of that
        return literal([value.lower() for value in values], ARRAY(Text))
    return array([func.lower(literal(value, Text)) for value in values])


def metadata_value(key: str) -> ColumnElement[Any]:
    """The value under a key as it is written, else below the key's parts.

    ``com.apple.quicktime.make`` is one key with dots in it; ``exif.model`` is
    a key of a key.
    """
    path = func.string_to_array(key, ".")
    return func.coalesce(Asset.metadata_.op("->>")(key), Asset.metadata_.op("#>>")(path))


def _compare(field: Field, column: Column, value: Value) -> Condition:
    match value:
        case TextMatch():
            if field.type is FieldType.LANGUAGE:
                return _language(column, value)
            return _matches(column, value)
        case NumberRange():
            return _between(column, value)
        case DateRange():
            return _during(column, value)
        case str():
            return column == value
        case Circle():
            return within(Asset.latitude, Asset.longitude, value)


def _matches(column: Column, value: TextMatch) -> Condition:
    if value.anything:
        return and_(column.is_not(None), column != "")
    if value.exact is not None:
        return func.lower(column) == func.lower(literal(value.exact, Text))
    return func.lower(column).like(func.lower(literal(value.like(), Text)), escape="\\")


def _between(column: Column, value: NumberRange) -> Condition:
    parts: list[Condition] = []
    if value.low is not None:
        low = _number(value.low)
        parts.append(column >= low if value.includes_low else column > low)
    if value.high is not None:
        high = _number(value.high)
        parts.append(column <= high if value.includes_high else column < high)
    return and_(*parts) if parts else column.is_not(None)


def _number(value: float) -> ColumnElement[Any]:
    """A number in a type of its own size: as an ``integer`` it could be out of range."""
    if isinstance(value, int):
        return literal(value, BigInteger if abs(value) < 2**63 else Numeric)
    return literal(value, Double)


def _during(column: Column, value: DateRange) -> Condition:
    parts: list[Condition] = []
    if value.start is not None:
        parts.append(column >= value.start)
    if value.end is not None:
        parts.append(column < value.end)
    return and_(*parts) if parts else column.is_not(None)


def _language(column: Column, value: TextMatch) -> Condition:
    if value.exact is None:
        return _matches(column, value)
    return or_(_matches(column, value), _matches(column, TextMatch((value.exact + "-", ""))))


def _text(value: Value) -> TextMatch:
    assert isinstance(value, TextMatch)  # noqa: S101  # the parser types each field's values
    return value


def _tag(value: Value) -> Condition:
    return exists(
        select(1)
        .select_from(AssetTag)
        .join(Tag, Tag.id == AssetTag.tag_id)
        .where(AssetTag.asset_id == Asset.id, _matches(Tag.name, _text(value)))
        .correlate(Asset)
    )


def _path(value: Value) -> Condition:
    """Whole names anywhere in a file's absolute path; a folder stands for all below it."""
    wanted = _text(value).like().strip("/")
    whole = func.lower(Root.path.concat("/").concat(Location.path))
    found = or_(
        whole.like(func.lower(literal(f"%/{wanted}", Text)), escape="\\"),
        whole.like(func.lower(literal(f"%/{wanted}/%", Text)), escape="\\"),
    )
    return exists(
        select(1)
        .select_from(Location)
        .join(Root, Root.id == Location.root_id)
        .where(Location.asset_id == Asset.id, found)
        .correlate(Asset)
    )


def _timecode(value: Value) -> Condition:
    match = _text(value)
    return _matches(func.translate(Asset.start_timecode, ";,.", ":::"), match)


def _container(value: Value) -> Condition:
    """FFmpeg calls MP4 and its kin ``mov,mp4,m4a,3gp,3g2,mj2``: any of the names will do."""
    names = func.unnest(func.string_to_array(Asset.container, ",")).table_valued("name")
    found = select(1).select_from(names).where(_matches(names.c.name, _text(value)))
    return exists(found.correlate(Asset))


def _clip_kind(value: Value) -> Condition:
    other = aliased(Clip)
    return exists(select(1).where(other.asset_id == Asset.id, other.kind == value).correlate(Asset))


def _clip_language(value: Value) -> Condition:
    # Another clip of the asset than the one the candidate row stands for.
    spoken = aliased(Clip)
    return or_(
        _language(Asset.language, _text(value)),
        exists(
            select(1)
            .where(spoken.asset_id == Asset.id, _language(spoken.language, _text(value)))
            .correlate(Asset)
        ),
    )


def _camera(value: Value) -> Condition:
    match = _text(value)
    both = Asset.camera_make.concat(" ").concat(Asset.camera_model)
    return or_(*(_matches(c, match) for c in (Asset.camera_model, Asset.camera_make, both)))


def _color(value: Value) -> Condition:
    columns = (Asset.color_primaries, Asset.color_transfer, Asset.color_space)
    return or_(*(_matches(column, _text(value)) for column in columns))


def _audio_language(value: Value) -> Condition:
    spoken = func.unnest(Asset.audio_languages).table_valued("tag").render_derived()
    found = select(1).select_from(spoken).where(_language(spoken.c.tag, _text(value)))
    return exists(found.correlate(Asset))


def _any_location(online: bool) -> Condition:
    found = exists(
        select(1)
        .select_from(Location)
        .where(Location.asset_id == Asset.id, Location.online)
        .correlate(Asset)
    )
    return found if online else not_(found)


def _unverified() -> Condition:
    found = select(1).where(Location.asset_id == Asset.id, Location.verified.is_(false()))
    return exists(found.correlate(Asset))


def _has(value: Value) -> Condition:
    conditions: dict[str, Callable[[], Condition]] = {
        "audio": lambda: Asset.audio_codec.is_not(None),
        "camera": lambda: or_(Asset.camera_model.is_not(None), Asset.camera_make.is_not(None)),
        "chapters": lambda: Asset.metadata_.has_key("chapters"),
        "collection": lambda: Asset.collection.is_not(None),
        "flag": lambda: Clip.flag.is_not(None),
        "gps": lambda: Asset.latitude.is_not(None),
        "hdr": lambda: Asset.hdr.is_not(None),
        "recorded": lambda: Asset.recorded.is_not(None),
        "reel": lambda: Asset.reel.is_not(None),
        "rights": lambda: Asset.rights.is_not(None),
        "timecode": lambda: Asset.start_timecode.is_not(None),
        "speech": lambda: _clip_kind("speech"),
        "subclip": lambda: _clip_kind("subclip"),
        "tag": lambda: exists(select(1).where(AssetTag.asset_id == Asset.id).correlate(Asset)),
    }
    return conditions[str(value)]()


def _is(value: Value) -> Condition:
    if value in FLAGS:
        return Clip.flag == value
    conditions: dict[str, Callable[[], Condition]] = {
        "damaged": lambda: Asset.damaged.is_(true()),
        "dropframe": lambda: Asset.start_timecode.regexp_match("[;.,][0-9]+$"),
        "interlaced": lambda: Asset.field_order.in_(("tt", "bb", "tb", "bt")),
        "vfr": lambda: func.coalesce(Asset.variable_frame_rate, false()),
        "online": lambda: _any_location(online=True),
        "missing": lambda: _any_location(online=False),
        "superseded": lambda: Asset.superseded_by.is_not(None),
        "unverified": _unverified,
    }
    return conditions[str(value)]()


_SPECIAL: dict[str, Callable[[Value], Condition]] = {
    "camera": _camera,
    "color": _color,
    "audiolang": _audio_language,
    "hdr": lambda value: literal(str(value), Text) == any_(Asset.hdr),
    "tag": _tag,
    "path": _path,
    "timecode": _timecode,
    "container": _container,
    "clip": _clip_kind,
    "lang": _clip_language,
    "has": _has,
    "is": _is,
}

COLUMNS: dict[str, Column] = {
    "id": Asset.id,
    "name": Asset.name,
    "kind": Asset.kind,
    "collection": Asset.collection,
    "codec": Asset.codec,
    "recorded": Asset.recorded,
    "added": Asset.created_at,
    "duration": Asset.duration,
    "width": Asset.width,
    "height": Asset.height,
    "fps": cast(Asset.frame_rate_num, Double) / Asset.frame_rate_den,
    "size": Asset.size_bytes,
    "audio": Asset.audio_codec,
    "channels": Asset.audio_channels,
    "roll": Clip.roll,
    "profile": Asset.profile,
    "level": Asset.level,
    "chroma": Asset.chroma,
    "bits": Asset.bit_depth,
    "bitrate": Asset.bit_rate / 1000,
    "serial": Asset.camera_serial,
    "lens": Asset.lens,
    "near": Asset.latitude,
    "reel": Asset.reel,
    "scene": Asset.scene,
    "take": Asset.take,
    "rights": Asset.rights,
    "creator": Asset.creator,
    "credit": Asset.credit,
    "tracks": Asset.audio_tracks,
    "samplerate": Asset.audio_sample_rate,
    "audiobits": Asset.audio_bit_depth,
}
