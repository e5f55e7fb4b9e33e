"""Configs to and from JSON, and by dotted paths; what is not known is refused with what is."""

import dataclasses
import sys
import types
import typing
from typing import Any, Literal

from satipatthana.config_checks import RENAMED, ConfigError, check
from satipatthana.config_samatha import VitakkaConfig

WHOLE = ("dim",)
"""What stands with a part but belongs to the whole network: another part in its place does not change it."""


def to_dict(config: Any) -> dict[str, Any]:
    """Plain JSON-able dictionaries; members of a family carry their ``kind``."""
    out: dict[str, Any] = {}
    kind = getattr(type(config), "kind", None)
    if kind is not None:
        out["kind"] = kind
    for item in dataclasses.fields(config):
        value = getattr(config, item.name)
        if dataclasses.is_dataclass(value):
            out[item.name] = to_dict(value)
        elif isinstance(value, tuple):
            out[item.name] = list(value)
        else:
            out[item.name] = dict(value) if isinstance(value, dict) else value
    return out


def from_dict(cls: type, data: Any, where: str = "") -> Any:
    """The config of type ``cls`` from plain data; ConfigError names the first key that does not fit."""
    place = where or cls.__name__
    check(isinstance(data, dict), f"{place} is {data!r}; expected an object of settings.")
    hints = typing.get_type_hints(cls)
    names = [item.name for item in dataclasses.fields(cls)]
    values: dict[str, Any] = {}
    for key, value in data.items():
        if key == "kind" and hasattr(cls, "kind"):
            continue
        check(key not in RENAMED, f"{place}.{key}: {RENAMED.get(key)}")
        check(key in names, f"{place} has no setting {key!r}; known: {', '.join(names)}.")
        values[key] = _coerce(hints[key], value, f"{where}.{key}".lstrip("."))
    try:
        return cls(**values)
    except ConfigError as error:
        raise ConfigError(f"{place}: {error}") from None
    except TypeError as error:  # a required setting is missing
        raise ConfigError(f"{place}: {error}.") from None


def set_path(config: Any, path: str, value: Any) -> Any:
    """A copy of ``config`` with the dotted setting replaced, as in ``samatha.vitakka.n_probes``.

    Setting ``samatha.vicara.kind`` (or any other family's) swaps the part for the defaults of that kind; that of
    the vitakka keeps D, and sets the weights of stage 1 that care for its probes.
    """
    data = to_dict(config)
    node, keys = data, path.split(".")
    for depth, key in enumerate(keys[:-1]):
        inner = node.get(key)
        if not isinstance(inner, dict):
            check(key not in RENAMED, f"{path}: {RENAMED.get(key)}")
            place = ".".join(keys[:depth]) or type(config).__name__
            groups = [name for name, item in node.items() if isinstance(item, dict)]
            raise ConfigError(f"{path}: {place} has no group {key!r}; known: {', '.join(groups)}.")
        node = inner
    last = keys[-1]
    if last == "kind" and "kind" in node:
        kept = {key: node[key] for key in WHOLE if key in node}
        node.clear()
        node.update(kept)
        _take_care(data, path, value)
    elif last not in node:
        check(last not in RENAMED, f"{path}: {RENAMED.get(last)}")
        # A weights table may leave a term out; from_dict refuses what no stage knows.
        in_table = len(keys) > 1 and keys[-2] in ("weights", "paths")
        check(in_table, f"{path}: no such setting; known here: {', '.join(node)}.")
    node[last] = value
    return from_dict(type(config), data)


def _take_care(data: dict[str, Any], path: str, kind: object) -> None:
    care = next((part.care for part in typing.get_args(VitakkaConfig) if part.kind == kind), None)
    if path == "samatha.vitakka.kind" and care is not None and "curriculum" in data:
        data["curriculum"]["stage1"]["weights"] |= care


def get_path(config: Any, path: str) -> Any:
    """The value at a dotted path; ConfigError when there is none."""
    node = to_dict(config)
    for key in path.split("."):
        check(isinstance(node, dict) and key in node, f"{path}: no such setting.")
        node = node[key]
    return node


def _coerce(hint: Any, value: Any, where: str) -> Any:
    origin = typing.get_origin(hint)
    if origin in (types.UnionType, typing.Union):
        return _coerce_union(typing.get_args(hint), value, where)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        if hasattr(hint, "kind"):
            return _coerce_union((hint,), value, where)
        return from_dict(hint, value, where)
    if origin is Literal:
        known = typing.get_args(hint)
        check(value in known, f"{where} is {value!r}; known: {', '.join(map(str, known))}.")
        return value
    if origin is tuple:
        check(isinstance(value, list | tuple), f"{where} is {value!r}; expected a list.")
        inner = typing.get_args(hint)[0]
        return tuple(_coerce(inner, item, where) for item in value)
    if origin is dict:
        check(isinstance(value, dict), f"{where} is {value!r}; expected an object.")
        inner = typing.get_args(hint)[1]
        return {str(key): _coerce(inner, item, f"{where}.{key}") for key, item in value.items()}
    return _coerce_scalar(hint, value, where)


def _coerce_union(members: tuple[Any, ...], value: Any, where: str) -> Any:
    kinds = {member.kind: member for member in members}
    check(
        isinstance(value, dict),
        f"{where} is {value!r}; expected an object with a 'kind' ({', '.join(kinds)}).",
    )
    kind = value.get("kind", next(iter(kinds)))
    check(isinstance(kind, str) and kind in kinds, f"{where}.kind is {kind!r}; known: {', '.join(kinds)}.")
    return from_dict(kinds[kind], value, where)


def _coerce_scalar(hint: Any, value: Any, where: str) -> Any:
    if hint is bool:
        check(isinstance(value, bool), f"{where} is {value!r}; expected true or false.")
        return value
    if hint is int:
        whole = isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1
        check(whole, f"{where} is {value!r}; expected a whole number.")
        return int(value)
    if hint is float:
        number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
        check(number, f"{where} is {value!r}; expected a finite number.")
        return float(value)
    check(isinstance(value, hint), f"{where} is {value!r}; expected {hint.__name__}.")
    return value
