"""Importing torch's libraries without torch's compiler, for as long as nobody compiles.

torchvision takes one name of ``torch._dynamo`` when it is imported, and timm a decorator. With it
come Inductor, FSDP, sympy and more: a fourth of the seconds that a text's vector costs a new
process. So both are given in a form that fetches the compiler when it is called. Whoever asks for
anything else of it, as transformers' own text towers do, gets the real one, at any time.

Of locks there are three, always taken in this order: ``_one_at_a_time``, asked for before any
import and held over all of it; Python's own of each module; ``_swapping``, held for two entries of
``sys.modules`` and over no import. So a thread that comes upon a stand-in in the middle of an
import waits for nobody whose import may wait for its own.
"""

from __future__ import annotations

import functools
import importlib
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

_COMPILER, _UTILS = "torch._dynamo", "torch._dynamo.utils"
_one_at_a_time, _swapping = threading.RLock(), threading.Lock()


@contextmanager
def late_compiler() -> Iterator[None]:
    """While this holds, what is imported does not bring torch's compiler.

    It imports torch. Where the compiler is there already nothing is done.
    """
    import torch.compiler  # noqa: PLC0415  # the first that does takes its seconds here

    with _one_at_a_time:
        if _COMPILER in sys.modules:
            yield
            return
        disable = torch.compiler.disable
        for name in (_COMPILER, _UTILS):
            sys.modules.setdefault(name, _Late(name))  # another thread's import may be first
        torch.compiler.disable = functools.partial(_disabled_later, disable)
        try:
            yield
        finally:
            torch.compiler.disable = disable
            _make_way()


class _Late(ModuleType):
    """In the place of a module of the compiler; asked for what it is not, it makes way for it."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # anything of the module
        if (self.__name__, name) == (_UTILS, "is_compile_supported"):
            return _is_compile_supported
        # Its path is asked for where another of its modules is wanted: that is the real one's.
        if name.startswith("__") and (self.__name__, name) != (_COMPILER, "__path__"):
            raise AttributeError(name)
        return getattr(_real(self.__name__), name)


def _is_compile_supported(device: Any) -> Any:  # noqa: ANN401  # as torch has it
    """What torchvision asks before it compiles."""
    return _real(_UTILS).is_compile_supported(device)


def _disabled_later(
    disable: Callable[..., Any],
    function: Callable[..., Any] | None = None,
    *given: Any,  # noqa: ANN401  # the decorator's own
    **named: Any,  # noqa: ANN401
) -> Callable[..., Any]:
    """The function, decorated by ``torch.compiler.disable`` when it is first called."""
    if function is None:
        return lambda each: _disabled_later(disable, each, *given, **named)

    @functools.cache
    def disabled() -> Callable[..., Any]:
        made: Callable[..., Any] = disable(function, *given, **named)
        return made

    @functools.wraps(function)
    def called(*given: Any, **named: Any) -> Any:  # noqa: ANN401  # the function's own
        return disabled()(*given, **named)

    return called


def _real(name: str) -> Any:  # noqa: ANN401  # a module without types
    _make_way()
    return importlib.import_module(name)


def _make_way() -> None:
    with _swapping:
        for name in (_COMPILER, _UTILS):
            if isinstance(sys.modules.get(name), _Late):
                del sys.modules[name]
