"""How `--help` reads: verbs by what one wants to do, values by plain names; and wrong commands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

from catalog.cli.session import say_json
from catalog.cli.starting import reads_plainly
from catalog.errors import InvalidInputError

if TYPE_CHECKING:
    # Typer carries a click of its own, and no public name for these.
    from typer._click import Context, HelpFormatter
    from typer._click.core import Parameter

SECTIONS: Mapping[str, tuple[str, ...]] = {
    "Put media in": (
        "ingest", "watch", "root", "describe", "recognise", "listen", "proxy", "waveform",
        "verify", "remove",
    ),
    "Find": (
        "search", "facets", "assets", "show", "versions", "duplicates", "recommend", "sql",
    ),
    "Log and put right": (
        "tag", "collection", "edit", "mark", "unmark", "flag", "roll", "poster", "import-log",
        "audit",
    ),
    "Cut": ("bin", "export"),
    "Encoders": ("encoder", "evaluate", "evaluations", "calibrations", "train"),
    "Run and look after": (
        "up", "web", "serve-phrases", "token", "doctor", "stats", "metrics", "jobs", "retry",
        "pause", "resume", "reconcile", "backup", "restore", "migrate", "demo",
    ),
}  # fmt: skip

# A label's type as Typer spells it: <str>, <list[Path]>.
_TYPE = re.compile(r" <(?:list\[)?(str|int|float|path|Path)\]?>")
_NAMED = {"str": "TEXT", "int": "NUMBER", "float": "NUMBER", "path": "PATH", "Path": "PATH"}
_NO_LIMIT = 10_000
# Where a command's context keeps that its errors are wanted as JSON.
_AS_JSON = "catalog.as_json"

Function = TypeVar("Function", bound=Callable[..., Any])


class _Verb(TyperCommand):
    """A verb whose arguments have no types, and whose options' values plain ones."""

    def get_params(self, ctx: Context) -> list[Parameter]:
        """Arguments and options."""
        return [reads_plainly(each) for each in super().get_params(ctx)]

    def format_options(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Arguments, then options, each with what it is for."""
        arguments, options = [], []
        for each in self.get_params(ctx):
            record = each.get_help_record(ctx)
            if record is None:
                continue
            label, about = record
            if each.param_type_name == "argument":
                arguments.append((_TYPE.sub("", label), about))
            else:
                options.append((_TYPE.sub(lambda found: f" {_NAMED[found[1]]}", label), about))
        for heading, rows in (("Arguments", arguments), ("Options", options)):
            if rows:
                with formatter.section(heading):
                    formatter.write_dl(rows)


class Verbs(TyperGroup):
    """Verbs in sections, each with the whole of its first sentence."""

    def get_params(self, ctx: Context) -> list[Parameter]:
        """The options of the program itself."""
        return [reads_plainly(each) for each in super().get_params(ctx)]

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        """The verbs by section; those of no section, as of a group of verbs, in one list."""
        there = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        about = {
            name: verb.get_short_help_str(_NO_LIMIT)
            for name, verb in there.items()
            if verb is not None and not verb.hidden
        }
        sections = {
            heading: [name for name in names if name in about]
            for heading, names in SECTIONS.items()
        }
        if set(about) != {name for names in sections.values() for name in names}:
            sections = {"Commands": list(about)}
        for heading, names in sections.items():
            with formatter.section(heading):
                formatter.write_dl([(name, about[name]) for name in names])

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: Context | None = None,
        **extra: Any,  # noqa: ANN401  # click's own
    ) -> Context:
        """Read the command; one that is wrong is an object for programs that asked for JSON."""
        options = args[: args.index("--")] if "--" in args else args
        as_json = parent is None and "--json" in options
        with _told(as_json=as_json):
            context = super().make_context(info_name, args, parent, **extra)
        context.meta[_AS_JSON] = as_json or context.meta.get(_AS_JSON, False)
        return context

    def invoke(self, ctx: Context) -> Any:  # noqa: ANN401  # whatever a verb gives back
        """Run the verb, whose own arguments are read only now."""
        with _told(as_json=ctx.meta[_AS_JSON]):
            return super().invoke(ctx)


@contextmanager
def _told(*, as_json: bool) -> Iterator[None]:
    """Say in JSON what is wrong with a command, where that was asked for."""
    try:
        yield
    except TyperException as wrong:
        if not as_json:
            raise
        context: Context | None = getattr(wrong, "ctx", None)
        path = context.command_path if context is not None else "catalog"
        error = InvalidInputError(wrong.format_message(), remedy=f"{path} --help tells more.")
        say_json(error.as_json())
        raise typer.Exit(error.exit_code) from None


class Program(typer.Typer):
    """Verbs that are told of in this module's manner."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401  # Typer's own
        super().__init__(cls=Verbs, **settings)

    def command(self, name: str | None = None, **settings: Any) -> Callable[[Function], Function]:  # noqa: ANN401  # Typer's own
        """A function as a verb."""
        return super().command(name, **{"cls": _Verb, **settings})
