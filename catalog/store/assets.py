"""Assets: one row per content, whatever its files are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Row,
    Select,
    and_,
    case,
    cast,
    delete,
    exists,
    func,
    literal,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Session, aliased

from catalog.db.models import Asset, AssetTag, Clip, Embedding, Encoder, Frame, Location, Stage, Tag
from catalog.domain.ordering import Sort
from catalog.store import removed
from catalog.store.arrays import among
from catalog.store.renditions import bytes_by_kind
from catalog.store.sort_keys import after_key, sort_key
from catalog.store.visibility import actor_of, visible_to


def ensure_asset(
    session: Session,
    *,
    fingerprint: str,
    sample: str,
    size: int,
    name: str,
    collection: str | None,
) -> tuple[int, bool]:
    """The asset with this content: its id, and whether it is new.

    Where it lies is to be entered in this session: that makes its keyword text.
    """
    inserted = session.execute(
        insert(Asset)
        .values(
            fingerprint=fingerprint,
            sample=sample,
            size_bytes=size,
            name=name,
            collection=collection,
            # Made by a trigger only where nothing is given: twice for each file would be in vain.
            words=func.to_tsvector(literal_column("'simple'"), name),
        )
        .on_conflict_do_nothing(index_elements=[Asset.fingerprint])
        .returning(Asset.id)
    ).scalar_one_or_none()
    if inserted is not None:
        session.execute(insert(Stage).values(asset_id=inserted, name="analyse"))
        return inserted, True
    found = session.execute(select(Asset.id).where(Asset.fingerprint == fingerprint)).scalar_one()
    set_sample(session, found, sample)
    return found, False


def set_sample(session: Session, asset_id: int, sample: str) -> None:
    """Note the content's sample of an asset that came before there were samples."""
    session.execute(
        update(Asset).where(Asset.id == asset_id, Asset.sample.is_(None)).values(sample=sample)
    )


def has_samples(session: Session, size: int) -> bool:
    """Whether an asset of this size is known whose content has a sample."""
    found = select(1).where(Asset.size_bytes == size, Asset.sample.is_not(None)).limit(1)
    return session.execute(found).first() is not None


def add_metadata(session: Session, asset_ids: Sequence[int], values: Mapping[str, Any]) -> None:
    """Merge what a person says into the assets' metadata; it wins, now and later."""
    kept = func.unnest(Asset.file_keys).table_valued("key").render_derived()
    others = select(kept.c.key).where(kept.c.key.not_in(list(values))).correlate(Asset)
    session.execute(
        update(Asset)
        .where(among(Asset.id, asset_ids))
        .values(
            metadata_=Asset.metadata_.concat(cast(literal(dict(values), JSONB), JSONB)),
            file_keys=func.array(others.scalar_subquery()),
        )
    )


def lock_assets(session: Session, asset_ids: Sequence[int]) -> None:
    """Hold these assets' rows to the end of the session, taken in one order.

    Who changes many assets in one session does this first: two who take the
    same rows in different orders would wait for each other.
    """
    session.execute(
        select(Asset.id)
        .where(among(Asset.id, asset_ids))
        .order_by(Asset.id)
        .with_for_update(key_share=True)
    )


def set_collection(session: Session, asset_ids: Sequence[int], name: str | None) -> int:
    """Put assets into a collection (or none); how many there were."""
    return _changed(
        session.execute(update(Asset).where(among(Asset.id, asset_ids)).values(collection=name))
    )


def collections_of(session: Session, asset_ids: Sequence[int]) -> dict[str, str | None]:
    """Each asset's collection, by its id as text: JSON has no other keys."""
    statement = select(Asset.id, Asset.collection).where(among(Asset.id, asset_ids))
    return {str(row[0]): row[1] for row in session.execute(statement)}


def names_of(session: Session, asset_ids: Sequence[int]) -> dict[str, str]:
    """Each asset's name, by its id as text."""
    statement = select(Asset.id, Asset.name).where(among(Asset.id, asset_ids))
    return {str(row[0]): row[1] for row in session.execute(statement)}


def set_columns(session: Session, asset_id: int, values: Mapping[str, Any]) -> None:
    """Set columns of one asset."""
    session.execute(update(Asset).where(Asset.id == asset_id).values(**values))


def add_tags(session: Session, asset_ids: Sequence[int], names: Sequence[str]) -> None:
    """Put tags on assets, making those that are new. Case is kept but not told apart."""
    for name in dict.fromkeys(names):
        session.execute(
            insert(Tag)
            .values(name=name)
            .on_conflict_do_nothing(index_elements=[func.lower(Tag.name)])
        )
    tags = select(Tag.id).where(func.lower(Tag.name).in_([func.lower(n) for n in names]))
    tag_ids = session.execute(tags).scalars().all()
    rows = [{"asset_id": a, "tag_id": t} for a in asset_ids for t in tag_ids]
    if rows:
        # What a sidecar had said is a person's word from now on, and outlives the sidecar.
        statement = insert(AssetTag).on_conflict_do_update(
            index_elements=[AssetTag.asset_id, AssetTag.tag_id],
            set_={"from_sidecar": False},
            where=AssetTag.from_sidecar.is_(True),
        )
        session.execute(statement, rows)


def remove_tags(session: Session, asset_ids: Sequence[int], names: Sequence[str]) -> None:
    """Take tags off assets."""
    tags = select(Tag.id).where(func.lower(Tag.name).in_([func.lower(n) for n in names]))
    session.execute(
        delete(AssetTag).where(among(AssetTag.asset_id, asset_ids), AssetTag.tag_id.in_(tags))
    )


def delete_assets(session: Session, asset_ids: Sequence[int]) -> list[str]:
    """Forget assets and all that hangs on them; the fingerprints, for their pictures."""
    # Frames before what holds them, as in replace_shots.
    frames = select(Frame.id).where(among(Frame.asset_id, asset_ids)).order_by(Frame.id)
    session.execute(frames.with_for_update())
    gone = delete(Asset).where(among(Asset.id, asset_ids)).returning(Asset.fingerprint)
    fingerprints = list(session.execute(gone).scalars())
    removed.note(session, fingerprints)
    return fingerprints


def find_assets_by_name(session: Session, name: str) -> list[int]:
    """Ids of the assets of this exact file name, without regard to case."""
    return list(
        session.execute(
            select(Asset.id).where(func.lower(Asset.name) == func.lower(name)).order_by(Asset.id)
        ).scalars()
    )


def not_superseded(session: Session, asset_ids: Sequence[int]) -> list[int]:
    """These assets without those that a next version took the place of."""
    statement = select(Asset.id).where(among(Asset.id, asset_ids), Asset.superseded_by.is_(None))
    return list(session.execute(statement.order_by(Asset.id)).scalars())


def find_assets_by_path(session: Session, root_id: int, raw: bytes) -> list[int]:
    """Ids of the asset whose file lies at this path below a root."""
    found = session.execute(
        select(Location.asset_id).where(Location.root_id == root_id, Location.raw_path == raw)
    ).scalars()
    return [asset_id for asset_id in found if asset_id is not None]


def all_ids(session: Session) -> list[int]:
    """Every asset, in the order they came."""
    return list(session.execute(select(Asset.id).order_by(Asset.id)).scalars())


def is_known(session: Session, fingerprint: str) -> bool:
    """Whether some asset is this content."""
    return bool(session.execute(select(exists().where(Asset.fingerprint == fingerprint))).scalar())


def get_asset(session: Session, asset_id: int) -> Asset | None:
    """The asset's row."""
    return session.get(Asset, asset_id)


def tags_of(session: Session, asset_ids: Sequence[int]) -> dict[int, list[str]]:
    """Each asset's tags in alphabetical order."""
    found: dict[int, list[str]] = {asset_id: [] for asset_id in asset_ids}
    statement = (
        select(AssetTag.asset_id, Tag.name)
        .join(Tag, Tag.id == AssetTag.tag_id)
        .where(among(AssetTag.asset_id, asset_ids))
        .order_by(Tag.name)
    )
    for asset_id, name in session.execute(statement):
        found[asset_id].append(name)
    return found


def shots_of(session: Session, asset_id: int) -> list[Row[Any]]:
    """The asset's clips in order, each with its poster (or first frame) and their number."""
    order = (Frame.poster.desc(), Frame.pts)
    number = func.row_number().over(partition_by=Frame.clip_id, order_by=order)
    frames = (
        select(
            Frame.id,
            Frame.clip_id,
            Frame.pts,
            Frame.picture,
            number.label("number"),
            func.count().over(partition_by=Frame.clip_id).label("frames"),
            func.sum(Frame.collapsed).over(partition_by=Frame.clip_id).label("collapsed"),
        )
        .where(Frame.asset_id == asset_id)
        .subquery()
    )
    first = and_(frames.c.clip_id == Clip.id, frames.c.number == 1)
    return list(
        session.execute(
            select(
                *(Clip, frames.c.id, frames.c.pts, frames.c.picture),
                *(frames.c.frames, frames.c.collapsed),
            )
            .outerjoin(frames, first)
            .where(Clip.asset_id == asset_id)
            .order_by(Clip.start_pts, Clip.id)
        )
    )


def list_assets(
    where: Select[Any], *, sort: Sort | None, limit: int, after: tuple[str | float, int] | None
) -> Select[*tuple[Any, ...]]:
    """Assets chosen by ``where`` (a select of ids), in order, from a cursor on.

    ``state`` is that of the first stage that is not done, else ``ready``; ``key`` what they are
    sorted by.
    """
    analysed, encoded = aliased(Stage), aliased(Stage)
    failed_encoding = (analysed.state == "done") & (encoded.state == "failed")
    key, descending = sort_key(sort)
    statement: Select[*tuple[Any, ...]] = (
        select(
            Asset.id,
            Asset.name,
            Asset.kind,
            Asset.title,
            Asset.collection,
            Asset.recorded,
            Asset.duration,
            Asset.codec,
            Asset.width,
            Asset.height,
            Asset.damaged,
            Asset.superseded_by,
            case(
                (analysed.state != "done", analysed.state),
                (encoded.state == "done", "ready"),
                else_=func.coalesce(encoded.state, "due"),
            ).label("state"),
            case((failed_encoding, encoded.error_code), else_=analysed.error_code).label(
                "error_code"
            ),
            case((failed_encoding, encoded.error_message), else_=analysed.error_message).label(
                "error_message"
            ),
            key.label("key"),
        )
        .join(analysed, (analysed.asset_id == Asset.id) & (analysed.name == "analyse"))
        .outerjoin(encoded, (encoded.asset_id == Asset.id) & (encoded.name == "encode"))
        .where(Asset.id.in_(where))
        .order_by(key.desc() if descending else key, Asset.id)
        .limit(limit)
    )
    if after is not None:
        seen, asset_id = after
        place = after_key(
            key,
            (Asset.id,),
            seen=literal(seen, key.type),
            seen_ids=(asset_id,),
            descending=descending,
        )
        statement = statement.where(place)
    return statement


def count_seen(session: Session) -> dict[str, Any]:
    """The figures of `count_all` that are of assets, of those that this session sees."""
    visible = visible_to(actor_of(session))
    mine = select(Asset.id).where(visible)
    counts = session.execute(
        select(
            *(
                select(func.count()).where(table.asset_id.in_(mine)).scalar_subquery().label(name)
                for name, table in (("locations", Location), ("clips", Clip), ("frames", Frame))
            ),
            select(func.count())
            .select_from(Asset)
            .where(visible)
            .scalar_subquery()
            .label("assets"),
            select(func.coalesce(func.sum(Asset.duration), 0.0))
            .where(visible)
            .scalar_subquery()
            .label("seconds_of_media"),
        )
    ).one()
    kinds = session.execute(
        select(func.coalesce(Asset.kind, "unknown"), func.count())
        .where(visible)
        .group_by(Asset.kind)
    ).all()
    figures = {name: round(float(value), 3) for name, value in counts._mapping.items()}
    whole = {k: v if k == "seconds_of_media" else int(v) for k, v in figures.items()}
    return {**whole, "kinds": {row[0]: row[1] for row in sorted(kinds)}}


def count_all(session: Session) -> dict[str, Any]:
    """The catalogue in figures."""
    kinds = session.execute(
        select(func.coalesce(Asset.kind, "unknown"), func.count()).group_by(Asset.kind)
    ).all()
    scalar = session.execute(
        select(
            select(func.count()).select_from(Asset).scalar_subquery().label("assets"),
            select(func.count()).select_from(Location).scalar_subquery().label("locations"),
            select(func.count()).select_from(Clip).scalar_subquery().label("clips"),
            select(func.count()).select_from(Frame).scalar_subquery().label("frames"),
            select(func.coalesce(func.sum(Frame.collapsed), 0))
            .scalar_subquery()
            .label("collapsed"),
            select(func.coalesce(func.sum(Asset.duration), 0.0))
            .scalar_subquery()
            .label("seconds_of_media"),
            select(func.coalesce(func.sum(Asset.size_bytes), 0)).scalar_subquery().label("bytes"),
        )
    ).one()
    states = session.execute(
        select(Stage.name, Stage.state, func.count()).group_by(Stage.name, Stage.state)
    ).all()
    vectors = session.execute(
        select(Encoder.name, Encoder.active, func.count(Embedding.frame_id))
        .outerjoin(Embedding, Embedding.encoder_id == Encoder.id)
        .group_by(Encoder.id)
    ).all()
    return {
        **{
            # Rounded, for the order in which floats are summed is not ours.
            key: round(float(value), 3) if key == "seconds_of_media" else int(value)
            for key, value in scalar._mapping.items()
        },
        "kinds": {row[0]: row[1] for row in sorted(kinds)},
        "rendition_bytes": bytes_by_kind(session),
        "stages": {f"{name}/{state}": count for name, state, count in sorted(states)},
        "encoders": [
            {"name": name, "active": active, "vectors": count} for name, active, count in vectors
        ],
    }


def _changed(result: Any) -> int:  # noqa: ANN401  # SQLAlchemy types it as Result
    return int(result.rowcount)
