"""The answers in TOML: the file of answers, and their table in a record."""

import tomllib
from ipaddress import IPv6Address, IPv6Network
from pathlib import Path

import tomli_w

from wizard.answers.choices import Choices, Inwards, Mode, Placement, Proxy
from wizard.answers.window import check_window
from wizard.platform.errors import Refused
from wizard.platform.text import clean_line

FORMAT = 1
_BOOLEANS = ("unproven", "firewalld", "follow")


def dumps(choices: Choices) -> str:
    """Return an answers file."""
    return "# Answers for the wizard: wizard --answers FILE\n" + tomli_w.dumps(
        {"format": FORMAT, "choices": to_table(choices)}
    )


def loads(text: str) -> Choices:
    """Return the choices in an answers file.

    Raises:
        Refused: it is not TOML, of another format, or holds what is not known.
    """
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise Refused(
            f"The answers file is not TOML: {clean_line(str(error))}. Nothing was changed."
        ) from error
    if document.get("format") != FORMAT:
        raise Refused(
            f"The answers file has format {clean_line(str(document.get('format')))}, and this "
            f"wizard reads format {FORMAT}. Nothing was changed."
        )
    table = document.get("choices")
    if not isinstance(table, dict) or set(document) - {"format", "choices"}:
        raise Refused(
            "The answers file must hold format and a table [choices], and nothing else. "
            "Nothing was changed."
        )
    return from_table(table)


def to_table(choices: Choices) -> dict[str, object]:
    """Return the choices as a TOML table; a question not yet answered has no key."""
    table: dict[str, object] = {"mode": choices.mode.value}
    if choices.prefix:
        table["prefix"] = str(choices.prefix)
    table |= {"network": choices.network, "bridge": choices.bridge}
    if choices.project is not None:
        table["project"] = choices.project
    if choices.file is not None:
        table["file"] = str(choices.file)
    table |= {
        "services": list(choices.services),
        "placement": choices.placement.value,
        "target": str(choices.target),
    }
    if choices.mode.addresses.public:
        table |= {"proxy": choices.proxy.value, "inwards": choices.inwards.value}
        if choices.fixed:
            table["fixed"] = list(choices.fixed)
        if choices.follow:
            table["follow"] = True
    if choices.accepted:
        table["accepted"] = list(choices.accepted)
    if choices.window != Choices.window:
        table["window"] = choices.window
    if not choices.firewalld:
        table["firewalld"] = False
    if choices.unproven:
        table["unproven"] = True
    return table


def from_table(table: dict[str, object]) -> Choices:
    """Return the choices in a TOML table.

    Raises:
        Refused: a key is unknown, or a value is not of its form.
    """
    known = {
        "mode", "prefix", "network", "bridge", "project", "file", "services", "placement", "target",
        "proxy", "inwards", "window", "fixed", "accepted", "unproven",
        "firewalld", "follow",
    }  # fmt: skip
    unknown = sorted(set(table) - known)
    if unknown:
        raise Refused(
            f"The answers hold a key that is not known: {clean_line(unknown[0])}. "
            f"Known are {', '.join(sorted(known))}. Nothing was changed."
        )
    try:
        lists = {key: _names(table, key) for key in ("services", "fixed", "accepted")}
        others = (*lists, "window", *_BOOLEANS)
        strings = {key: value for key, value in table.items() if key not in others}
        for key in _BOOLEANS:
            if not isinstance(table.get(key, False), bool):
                raise ValueError(f"{key} must be true or false, without quotes")
        for key, value in strings.items():
            if not isinstance(value, str):
                raise ValueError(f"{key} must be a text in quotes")
            if "\0" in value:
                raise ValueError(f"{key} must not hold a NUL character")
        texts = {key: str(value) for key, value in strings.items()}
        proposed = Choices()
        return Choices(
            mode=Mode(texts.get("mode", proposed.mode)),
            prefix=IPv6Network(texts["prefix"]) if "prefix" in texts else None,
            network=texts.get("network", proposed.network),
            bridge=texts.get("bridge", proposed.bridge),
            project=texts.get("project"),
            file=Path(texts["file"]) if "file" in texts else None,
            services=lists["services"],
            fixed=lists["fixed"],
            placement=Placement(texts.get("placement", proposed.placement)),
            target=IPv6Address(texts.get("target", str(proposed.target))),
            proxy=Proxy(texts.get("proxy", proposed.proxy)),
            inwards=Inwards(texts.get("inwards", proposed.inwards)),
            window=check_window(table.get("window", proposed.window)),
            accepted=lists["accepted"],
            follow=bool(table.get("follow", proposed.follow)),
            unproven=bool(table.get("unproven", proposed.unproven)),
            firewalld=bool(table.get("firewalld", proposed.firewalld)),
        )
    except ValueError as error:
        raise Refused(
            f"The answers cannot be used: {clean_line(str(error))}. Nothing was changed."
        ) from error


def _names(table: dict[str, object], key: str) -> tuple[str, ...]:
    names = table.get(key, [])
    if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
        raise ValueError(f"{key} must be a list of names")
    if any("\0" in each for each in names):
        raise ValueError(f"{key} must not hold a NUL character")
    return tuple(names)
