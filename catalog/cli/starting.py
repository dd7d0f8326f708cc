"""What a verb costs before it begins; of a short one that is most of its processor time."""

from __future__ import annotations

import copy
import gc
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import typer
from typer.core import TyperArgument, TyperOption
from typer.main import get_command_name

if TYPE_CHECKING:
    # Typer carries a click of its own, and no public name for these.
    from typer._click import Context
    from typer._click.core import Parameter
    from typer._coercion import RuntimeParam, TypeDescriptor
    from typer.models import CommandInfo

Program = TypeVar("Program", bound=typer.Typer)


@contextmanager
def importing(module: str) -> Iterator[None]:
    """Import a module without looking for garbage, and never look at what it is made of again.

    A catalogue is made of a hundred thousand functions, classes and mapped columns that
    last as long as the program. Python would look through them again and again while they
    come, now and then in a long run, and twice when the program ends. Where the module is
    there already nothing is changed: what came after it may be garbage.
    """
    if module in sys.modules or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def narrowed(program: Program, words: Sequence[str]) -> Program:
    """The program with the one verb that the first words name; all of it where they name none.

    Typer makes every verb of a program ready before it looks which one is wanted.
    """
    first = words[0] if words else None
    verbs = [verb for verb in program.registered_commands if _name(verb) == first]
    groups = [copy.copy(each) for each in program.registered_groups if each.name == first]
    if not verbs and not groups:
        return program
    for group in groups:
        if group.typer_instance is not None:
            group.typer_instance = narrowed(group.typer_instance, words[1:])
    alone = copy.copy(program)
    alone.registered_commands, alone.registered_groups = verbs, groups
    return alone


def _name(verb: CommandInfo) -> str | None:
    return verb.name or (verb.callback and get_command_name(verb.callback.__name__))


def reads_plainly(parameter: Parameter) -> Parameter:
    """The parameter, which now takes texts and defaults as they are, other values as Typer does.

    Typer has pydantic convert every value, which takes longer to import than most verbs
    take to answer.
    """
    changed = vars(parameter)
    if not isinstance(parameter, TyperArgument | TyperOption) or "get_runtime_param" in changed:
        return parameter
    # No promised names of Typer's: a version without them converts every value itself.
    if hasattr(parameter, "get_runtime_param") and hasattr(parameter, "type_descriptor"):
        plain = _PlainValues(parameter.type_descriptor, parameter.get_runtime_param)
        changed["get_runtime_param"] = lambda: plain
    return parameter


class _PlainValues:
    """As a `typer._coercion.RuntimeParam`."""

    def __init__(self, descriptor: TypeDescriptor, typers: Callable[[], RuntimeParam]) -> None:
        self._kind = descriptor.annotation
        self._about = descriptor.parameter_info
        self._typers = typers

    def coerce(self, value: Any, param: Any, ctx: Context) -> Any:  # noqa: ANN401  # as Typer's own
        """The value as the verb takes it."""
        if value is None:
            return () if param.multiple or param.nargs == -1 else None
        if self._is_plain(value):
            return value
        if self._is_any_number(value):
            return int(value)
        return self._typers().coerce(value, param=param, ctx=ctx)

    def _is_plain(self, value: object) -> bool:
        if self._about.parser is not None:
            return False
        if isinstance(value, list | tuple):
            return not value or (
                self._kind == list[str] and all(isinstance(each, str) for each in value)
            )
        # From the command line come texts alone: a number is the verb's default.
        return self._kind in (str, int, float) and type(value) is self._kind

    def _is_any_number(self, value: object) -> bool:
        about = self._about
        if self._kind is not int or about.parser or about.min is not None or about.max is not None:
            return False
        return isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10
