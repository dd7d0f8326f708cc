"""Finding: search, SQL, and what is known of an asset."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from catalog.api.base import OpenCatalog, StrPath
from catalog.db.migrate import current_revision
from catalog.db.reader import SqlRows
from catalog.domain.examples import Examples
from catalog.domain.facets import Facets
from catalog.domain.ordering import Sort, Weights
from catalog.domain.passages import Passage
from catalog.domain.query import SOUND, parse
from catalog.domain.results import SearchResult
from catalog.errors import BrokerUnavailableError, InvalidInputError
from catalog.maintain import assets as maintained
from catalog.maintain.assets import Reference
from catalog.maintain.rolls import figures as roll_figures
from catalog.search import Search, run_sql
from catalog.search.answer import answer_phrases
from catalog.search.completion import complete
from catalog.search.facets import count_values
from catalog.search.passages import passages_of
from catalog.search.phrases import encode_phrases
from catalog.search.sent import tells_what_it_sent
from catalog.search.sequence import SequenceSearch, refuse_order
from catalog.search.sounds import SoundSearch
from catalog.store import assets as asset_rows
from catalog.store import watching
from catalog.store.service_figures import service_figures

_Searching = TypeVar("_Searching", bound=Search)


class FindVerbs(OpenCatalog):
    """The verbs that read."""

    @tells_what_it_sent
    def search(
        self,
        query: str = "",
        *,
        image: object = None,
        vector: object = None,
        like: object = None,
        not_: object = None,
        keep_examples: bool = False,
        then: str | None = None,
        within: str | float | None = None,
        sound: str | None = None,
        weights: str | Mapping[str, float] | None = None,
        sort: str | None = None,
        limit: int = 20,
        after: str | None = None,
        all_: bool = False,
        explain: bool = False,
    ) -> SearchResult:
        """The shots that answer the query, best first.

        One SQL statement gives the answer: filters, words, meaning and order together. Small
        ones before it say who answers and choose the way (docs/search.md).

        Parameters
        ----------
        query:
            Words, ``"exact phrases"``, ``-words``, ``OR``, parentheses and
            ``field:value`` filters; see docs/query-language.md. May be empty
            where there are examples.
        image:
            A picture's path or content (bytes), or several: hits should look like it.
        vector:
            The vector of a picture under the encoder that answers, made elsewhere:
            ``(dimension,)`` numbers of any length but 0, or several of them. A text's lies
            far from all pictures, where this way may miss some of the nearest: give the text.
        like:
            Clips or frames of the catalogue, ``17``, ``"clip:17"``, ``"frame:203"``,
            one or several. They are no hits themselves, unless ``keep_examples``.
        not_:
            What hits should not look like: texts, ``Path`` or bytes of pictures,
            ``"clip:17"``; one or several.
        then:
            A second query: hits are then pairs of shots of one asset, the second
            beginning at most ``within`` (``"10s"``, or seconds) after the first's
            end. Its filters are the second shot's. Words rank by meaning alone.
        sound:
            What is to be heard: hits are then moments of sound, best first, with ``sound``
            (from when to when). ``sound:"…"`` in the query says it too. The query's filters,
            phrases and words (all of which must be in the asset's text) choose among which;
            examples, ``then`` and an order do not go with it.
        weights:
            What the rankings count for in the score: ``"meaning=1,words=0.5"`` or a
            mapping; None: the setting ``search_weights``.
        sort:
            ``date``, ``name``, ``duration`` or ``relevance``, with ``:asc`` or
            ``:desc`` behind it: the order within what is relevant. Default:
            relevance, or name where nothing ranks. ``sort:date`` in the query says it
            too; this wins.
        limit:
            Hits per page, 1 to 1000.
        after:
            The ``next`` of the page before.
        all_:
            Also give what is below the cutoff, where matches end.
        explain:
            Also give the statement, PostgreSQL's plan of it, and what else was sent.

        Raises
        ------
        InvalidQueryError, InvalidInputError
            If the query, an example, the limit or the cursor cannot be used.
        NotFoundError, MediaError
            If an example is not there, or no picture that can be read.
        EncoderUnavailableError
            If free words need an encoder whose weights are not to be had, or ``sound`` one
            that is not set.
        """
        if sound is None and SOUND.name in query.lower():
            sound = parse(query, sounds=True).sound
        if sound is not None:
            with_it = (image, vector, like, not_, then, within, sort)
            return self._by_sound(sound, query, with_it, limit, after, explain=explain)
        examples = Examples.of(image, like, not_, vector=vector, keep=keep_examples)
        order = None if sort is None else Sort.of(sort)
        if then is not None:
            refuse_order(order)
            return self._searching(SequenceSearch).find_pairs(
                query,
                then,
                within=within,
                examples=examples,
                limit=limit,
                after=after,
                show_plan=explain,
            )
        if within is not None:
            raise InvalidInputError(
                "`within` says how soon a second shot follows; expected `then` with it.",
                remedy='Say what follows: --then "…" --within 10s.',
            )
        return self._searching(Search).find(
            query,
            examples=examples,
            weights=Weights.of(self.settings.search_weights if weights is None else weights),
            sort=order,
            limit=limit,
            after=after,
            everything=all_,
            show_plan=explain,
        )

    def _by_sound(
        self,
        sound: str,
        query: str,
        with_it: Sequence[object],
        limit: int,
        after: str | None,
        *,
        explain: bool,
    ) -> SearchResult:
        if any(each is not None and not (isinstance(each, list) and not each) for each in with_it):
            raise InvalidInputError(
                "A search by sound goes with filters and words alone; examples, a second shot or"
                " an order were asked for as well.",
                remedy='Ask for the sound alone: --sound "rain on a roof" kind:video.',
            )
        search = SoundSearch(self.database, self.store, self.sound_encoders, self._known_sounds)
        return search.find(sound, query, limit=limit, after=after, show_plan=explain)

    def _searching(self, kind: type[_Searching]) -> _Searching:
        return kind(
            self.database,
            self.store,
            self._encoders.for_queries,
            self.decoders,
            self._known_phrases,
            remembered=self._remembered,
        )

    def complete(self, query: str, cursor: int) -> dict[str, Any]:
        """What can be typed at this place of a query: fields, and values that there are.

        Returns
        -------
        dict
            ``start`` and ``end`` of what is replaced, in characters, and ``suggestions``:
            each with ``text``, ``about`` (what a field asks), ``shots`` (how many have the
            value) and ``open`` (a value follows).
        """
        begun, found = complete(self.database, query, cursor)
        told = [each.as_json() for each in found]
        return {"start": begun.start, "end": begun.end, "suggestions": told}

    def passages(self, result: SearchResult) -> dict[int, tuple[Passage, ...]]:
        """Why words found the hits of this page: by rank, the texts that hold them.

        Hits that no word has found have none.
        """
        return passages_of(self.database, result)

    def facets(
        self, query: str = "", *, fields: Sequence[str] = (), prefix: str = "", limit: int = 20
    ) -> Facets:
        """The values of fields among what the query lets through, with how often they occur.

        Free words let everything through, as in ``total_candidates`` of a search.

        Parameters
        ----------
        query:
            As for `search`; empty: the whole catalogue.
        fields:
            Fields by name, ``meta.KEY``, ``meta`` (its keys), ``root``, ``year``;
            none: the usual ones.
        prefix:
            Only values that begin so, in any case: what completes a word.
        limit:
            Values of each field, 1 to 1000, commonest first.

        Raises
        ------
        InvalidQueryError, InvalidInputError
            If the query, a field or the limit cannot be used.
        """
        return count_values(self.database, query, fields=fields, prefix=prefix, limit=limit)

    def contact_sheet(
        self,
        results: SearchResult | Sequence[SearchResult],
        path: StrPath,
        *,
        titles: Sequence[str] | None = None,
    ) -> None:
        """Write the hits of one or more searches as one picture, a heading per search.

        Raises
        ------
        InvalidInputError
            If the picture cannot be written there.
        """
        from catalog.search.contact_sheet import contact_sheet

        several = [results] if isinstance(results, SearchResult) else list(results)
        contact_sheet(self.store, several, Path(path), titles=titles)

    def sql(
        self, statement: str, *, limit: int | None = None, timeout: float | None = None
    ) -> SqlRows:
        """Run one SQL statement as a role that can only read the catalogue.

        ``catalog.phrase('…')``, ``catalog.speech_phrase('…')`` and ``catalog.search('…')`` in
        it are encoded on the way.
        ``timeout`` is in seconds; None takes the setting ``sql_timeout``.

        Raises
        ------
        ReadOnlySqlError
            If PostgreSQL refuses the statement.
        """
        seconds = self.settings.sql_timeout_s if timeout is None else timeout
        return run_sql(
            self.database, statement, self._encoders.for_queries, limit=limit, timeout_s=seconds
        )

    def phrases(self, texts: Sequence[str]) -> int:
        """Make the vectors of these texts known, many at once; how many texts there were.

        Searching for one, or ``catalog.phrase()`` of it in anybody's SQL, then
        needs no encoder.

        Raises
        ------
        EncoderUnavailableError
            If the encoder's weights are not to be had.
        """
        return encode_phrases(self.database, texts, self._encoders.for_queries)

    def load_beforehand(self) -> threading.Thread:
        """Begin to load the encoder that answers: the first search need not wait for it then.

        It ends at once where nothing was ever encoded. What keeps it from being loaded, searches
        tell.
        """
        return self._encoders.load_beforehand()

    def serve_phrases(
        self,
        *,
        stop: threading.Event | None = None,
        ready: Callable[[], None] = lambda: None,
    ) -> int:
        """Encode the phrases that SQL asks for by ``CALL catalog.encode_phrase('…')``.

        Returns how many were answered once ``stop`` is set; ``ready`` is called
        when it begins to listen.

        Raises
        ------
        DatabaseUnavailableError
            If the database goes away.
        """
        return answer_phrases(
            self.database, self._encoders.for_queries, stop or threading.Event(), ready
        )

    def show(self, reference: Reference) -> dict[str, Any]:
        """All that is known of one asset, named by id, path or file name.

        Raises
        ------
        NotFoundError, InvalidInputError
            If no asset, or more than one, is meant.
        """
        return maintained.show(self.database, self.store, reference)

    def work_on(self, reference: Reference) -> dict[str, Any]:
        """Of `show` what changes while an asset is worked on, for who looks again and again.

        ``id``, ``kind``, ``stages`` and ``renditions``.

        Raises
        ------
        NotFoundError, InvalidInputError
            As `show`.
        """
        return maintained.work_on(self.database, self.store, reference)

    def versions(self, reference: Reference) -> list[dict[str, Any]]:
        """All that ever lay where this asset lies or lay, place by place, the oldest first.

        Each entry names the ``asset``, its place, and since and until when it was
        there; ``held_until`` and ``why`` are None of what is there now.

        Raises
        ------
        NotFoundError, InvalidInputError
            If no asset, or more than one, is meant.
        """
        return maintained.versions_of(self.database, reference)

    def assets(
        self, query: str = "", *, limit: int = 100, after: str | None = None
    ) -> dict[str, Any]:
        """Assets chosen by filters and words of their text, page by page.

        They go by name; ``sort:date``, ``sort:duration`` or ``sort:name:desc`` in the query
        puts them in another order.

        Raises
        ------
        InvalidQueryError
            If the query does not parse.
        """
        return maintained.list_assets(self.database, query, limit=limit, after=after)

    def stats(self) -> dict[str, Any]:
        """The catalogue, and the service, in figures; times are seconds.

        ``queues``: messages per queue of the broker, and ``in_flight``; None without a
        broker that answers. ``rates``: what became searchable in the last hour.
        ``oldest_pending_s``: per stage, how long the oldest work waits. ``timings``: per
        stage, of the last day; ``workers``: the same per worker. ``latency``: of the
        newest thousand assets that a watcher brought, seconds from the moment their file
        had settled until they were searchable; empty if there are none. ``rolls``: shots
        that are ``a`` and ``b``; of those that a person spoke of, how many could be
        ``compared``, how often what was told had been ``right``, and the ``confusion``.
        ``verifying``: files ``never_read`` through; files and bytes that were, in the last day;
        the ``oldest`` reading, and the ``next`` at the earliest (ISO 8601); ``faults``, files that
        could not be read or were not what they had been; ``gb_per_day``, the pace.
        """
        if self.database.actor.limited:
            with self.database.session() as session:
                seen = asset_rows.count_seen(session)
            return {**seen, "rolls": roll_figures(self.database)}
        with self.database.session() as session:
            latency = watching.latency(session, newest=1000)
            body = {**asset_rows.count_all(session), "latency": latency or {}}
            body |= service_figures(session)
        body["verifying"]["gb_per_day"] = self.settings.verify_bytes_per_s * 86_400 / 1e9
        return {**body, "rolls": roll_figures(self.database), "queues": self._queues()}

    def _queues(self) -> dict[str, int] | None:
        try:
            waiting = self.dispatcher.waiting()
        except BrokerUnavailableError:
            return None
        return {**waiting.queues, "in_flight": waiting.in_flight}

    def metrics(self, textfile: StrPath | None = None) -> str:
        """The figures of `stats` in Prometheus's text format; also into a file, whole or not.

        Raises
        ------
        InvalidInputError
            If the file cannot be written.
        """
        from catalog.maintain.metrics import metrics_text, write_metrics

        stats = self.stats()
        if textfile is not None:
            write_metrics(stats, Path(textfile))
        return metrics_text(stats)

    def revision(self) -> str:
        """The revision of the database's schema."""
        return str(current_revision(self.database.engine))
