"""The recipe of a model: which factory built it, and with which arguments, in Python's own types.

This is what `course_utils.training.save` writes beside the weights, and how `load` can build the
same network again without unpickling anything.
"""

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeVar, get_args, get_origin

from course_utils._numbers import real, whole

Built = TypeVar("Built")

AT_LEAST = {"seed": None, "depth": 0, "reach": 0, "channels": 0}
"""The smallest whole number of an argument, where it is not 1; a factory may still ask for more."""
EXAMPLES = {"input_shape": (3, 32, 32), "shape": (7, 7)}
"""What a sequence of whole numbers may look like, where (64, 32) would mislead."""
MAY_BE_EMPTY = "hidden"  # no layer between: one linear map


def recorded(factory: Callable[..., Built]) -> Callable[..., Built]:
    """Note on each model which factory built it and with which arguments. Below `@classmethod`.

    Numbers may come from numpy, torch or anywhere; the factory is given Python's, so that a model
    that can be built can be saved.
    """
    signature = inspect.signature(factory)

    @functools.wraps(factory)
    def build(cls: type[Built], *args: Any, **kwargs: Any) -> Built:
        called = f"{cls.__name__}.{factory.__name__}"
        try:
            call = signature.bind(cls, *args, **kwargs)
        except TypeError as error:
            taken = ", ".join(name for name in signature.parameters if name != "cls")
            raise TypeError(f"{called}: {error}; it takes {taken}") from None
        call.apply_defaults()
        arguments = {
            name: _plain(name, value, signature.parameters[name].annotation)
            for name, value in call.arguments.items()
            if name != "cls"
        }
        model = factory(cls, **arguments)
        model.recipe = {"model": cls.__name__, "factory": factory.__name__, "arguments": arguments}
        return model

    build.is_factory = True
    return build


def _plain(name: str, value: Any, kind: Any) -> Any:
    """The value as Python's own number, tuple of numbers, truth value or word, as the kind asks.

    Raises:
        ValueError: if it is of no such kind.
    """
    kinds = get_args(kind) or (kind,)
    if value is None and type(None) in kinds:
        return None
    if get_origin(kind) is Sequence:
        return _wholes(name, value)
    if bool in kinds:
        return _truth(name, value)
    if int in kinds:
        return whole(name, value, AT_LEAST.get(name, 1))
    if float in kinds:
        return real(name, value)
    if get_origin(kind) is Literal and not (isinstance(value, str) and value in kinds):
        *others, last = map(repr, kinds)
        raise ValueError(f"{name} is {value!r}; expected {', '.join(others)} or {last}")
    return value


def _wholes(name: str, values: Any) -> tuple[int, ...]:
    such_as = EXAMPLES.get(name, (64, 32))
    way_out = f"{name} is {values!r}; expected a sequence of whole numbers, such as {such_as}"
    try:
        numbers = tuple(values)
    except TypeError:  # one number, or nothing like one
        raise ValueError(way_out) from None
    if isinstance(values, str | bytes | dict) or not (numbers or name == MAY_BE_EMPTY):
        raise ValueError(way_out)
    return tuple(whole(f"{name}[{place}]", number) for place, number in enumerate(numbers))


def _truth(name: str, value: Any) -> bool:
    plain = value.item() if hasattr(value, "item") else value
    if plain is not True and plain is not False:
        raise ValueError(f"{name} is {value!r}; expected True or False")
    return plain
