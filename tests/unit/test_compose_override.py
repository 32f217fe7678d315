from pathlib import Path

import pytest

from wizard.compose.override import override, override_path, picks_up_override
from wizard.compose.read import parse
from wizard.platform.errors import Refused

BASE = parse(
    b"""version: '3.7'
services:
  web: {image: x, networks: [front, back]}
  worker: {image: x}
  db: {image: y, networks: [back]}
networks:
  front:
  back: {internal: true}
""",
    "docker-compose.yml",
)


def over(existing: str | None, chosen: tuple[str, ...] = ("web", "worker")) -> str:
    data = None if existing is None else existing.encode()
    return override([BASE], chosen, "six", data).decode()


def test_a_new_file_says_what_it_is_for_and_repeats_the_version() -> None:
    assert over(None) == (
        "# Puts services on the network that gives them IPv6.\n"
        "# Compose reads this file after the one beside it and joins the two.\n"
        "version: '3.7'\n"
        "services:\n"
        "  web:\n"
        "    networks:\n"
        "      - six\n"
        "  worker:\n"
        "    networks:\n"
        "      - default\n"
        "      - six\n"
        "networks:\n"
        "  six:\n"
        "    external: true\n"
    )


def test_a_file_without_version_gets_none() -> None:
    base = parse(b"services: {web: {image: x}}\n", "compose.yaml")
    assert b"version" not in override([base], ["web"], "six", None)


def test_an_existing_file_is_kept_but_for_additions() -> None:
    existing = (
        "services:\n"
        "    web:  # mine\n"
        "        ports:\n"
        "            - '80:80'\n"
        "\n"
        "    db:\n"
        "        restart: always\n"
    )
    assert over(existing) == (
        "services:\n"
        "    web:  # mine\n"
        "        ports:\n"
        "            - '80:80'\n"
        "        networks:\n"
        "            - six\n"
        "\n"
        "    db:\n"
        "        restart: always\n"
        "    worker:\n"
        "        networks:\n"
        "            - default\n"
        "            - six\n"
        "\n"
        "networks:\n"
        "    six:\n"
        "        external: true\n"
    )


def test_networks_named_in_the_existing_file_alone_keep_the_service_off_default() -> None:
    existing = "services:\n  worker:\n    networks:\n      - front\n"
    assert over(existing, ("worker",)) == existing + (
        "      - six\nnetworks:\n  six:\n    external: true\n"
    )


@pytest.mark.parametrize(
    "existing", ["", "# mine\n", "# mine", "---\n", "services:\n", "services: {}\n"]
)
def test_an_existing_file_without_services_is_added_to(existing: str) -> None:
    result = over(existing, ("worker",))
    if "{}" not in existing:
        assert result.startswith(existing)
    assert "worker" in result
    assert over(result, ("worker",)) == result


def test_an_existing_file_in_flow_style_grows_in_its_line() -> None:
    assert over("{services: {web: {tty: true}}}", ("web",)) == (
        "{services: {web: {tty: true, networks: [six]}}, networks: {six: {external: true}}}"
    )


def test_a_network_of_the_same_name_declared_in_the_base_is_not_declared_again() -> None:
    base = parse(
        b"services: {web: {image: x}}\nnetworks: {out: {external: true, name: six}}\n",
        "compose.yaml",
    )
    result = override([base], ["web"], "six", None).decode()
    assert result.endswith("services:\n  web:\n    networks:\n      - default\n      - out\n")


def test_a_key_taken_in_the_base_is_not_taken_again() -> None:
    base = parse(b"services: {web: {image: x}}\nnetworks: {six: {}}\n", "compose.yaml")
    result = override([base], ["web"], "six", None).decode()
    assert result.endswith("networks:\n  six_ipv6:\n    external: true\n    name: six\n")


def test_an_existing_file_that_is_not_yaml_is_refused_by_its_name() -> None:
    with pytest.raises(Refused, match=r"mine\.yml is not valid YAML.*line 1:"):
        override([BASE], ["web"], "six", b"services: [", name="mine.yml")


@pytest.mark.parametrize(
    ("base", "siblings", "expected"),
    [
        ("docker-compose.yml", [], "docker-compose.override.yml"),
        ("docker-compose.yaml", [], "docker-compose.override.yaml"),
        ("compose.yaml", [], "compose.override.yaml"),
        ("compose.yml", [], "compose.override.yml"),
        ("compose.yaml", ["docker-compose.override.yml"], "docker-compose.override.yml"),
        (
            "docker-compose.yml",
            ["docker-compose.override.yml", "compose.override.yaml"],
            "compose.override.yaml",
        ),
    ],
)
def test_the_override_file_is_the_one_that_compose_takes(
    base: str, siblings: list[str], expected: str
) -> None:
    assert override_path(Path("/srv") / base, siblings) == Path("/srv") / expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["/a/docker-compose.yml"], True),
        (["/a/compose.yaml", "/a/docker-compose.override.yml"], True),
        (["/a/docker-compose.yml", "/a/docker-compose.prod.yml"], False),
        (["/a/production.yml"], False),
        (["/a/docker-compose.yml", "/b/docker-compose.override.yml"], False),
        ([], False),
    ],
)
def test_an_override_file_is_found_only_beside_default_names(
    files: list[str], expected: bool
) -> None:
    assert picks_up_override([Path(file) for file in files], Path("/a")) is expected


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("/a", True),
        # Compose looks in the folders above as well (compose-go, cli/options.go), and not below.
        ("/a/b", True),
        ("/", False),
        ("/b", False),
        (".", True),
    ],
)
def test_a_file_that_lies_outside_the_folder_of_its_project_was_named(
    folder: str, expected: bool
) -> None:
    assert picks_up_override([Path("/a/compose.yaml")], Path(folder)) is expected


# Compose's own lists (compose-go, cli/options.go), each in the order in which it looks.
FOUND = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"]
OVERRIDES = [
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
]


@pytest.mark.parametrize("name", FOUND)
@pytest.mark.parametrize("override_name", OVERRIDES)
def test_every_name_that_compose_finds_by_itself_is_known(name: str, override_name: str) -> None:
    here = [Path("/a") / name, Path("/a") / override_name]
    assert picks_up_override(here[:1], Path("/a"))
    assert picks_up_override(here, Path("/a"))
    assert not picks_up_override(here[1:], Path("/a"))
    assert not picks_up_override([*here, Path("/a/compose.override.yml")], Path("/a"))
    assert override_path(here[0], {override_name}) == here[1]
    later = OVERRIDES[OVERRIDES.index(override_name) :]
    assert override_path(here[0], set(later)) == here[1]


@pytest.mark.parametrize("end", ["\n", ""])
def test_an_existing_file_that_ends_in_networks_gets_services_behind_them(end: str) -> None:
    existing = f"networks:\n  front:\n    driver: bridge{end}"
    assert (
        over(existing, ("web",))
        == (
            "networks:\n  front:\n    driver: bridge\n  six:\n    external: true\n"
            "services:\n  web:\n    networks:\n      - six\n"
        )[: None if end else -1]
    )
