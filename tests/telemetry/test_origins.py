"""Which web pages and machines may connect."""

from __future__ import annotations

import pytest

from ac_gym.telemetry.origins import is_loopback, may_connect


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True), ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("0.0.0.0", False), ("::", False),
        ("192.168.1.5", False), ("example.com", False), ("", False),
    ],
)  # fmt: skip
def test_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


@pytest.mark.parametrize("host", ["localhost:8765", "127.0.0.1:8765", "[::1]:8765", "192.168.1.5:8765"])
def test_our_own_page_and_programs_may_connect(host: str) -> None:
    assert may_connect(host, None, ()) == ""
    assert may_connect(host, f"http://{host}", ()) == ""


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "http://localhost:3000", "https://localhost.evil.example:8765", "null", "garbage"]
)
def test_pages_elsewhere_may_not_unless_they_are_named(origin: str) -> None:
    assert f"--allow-origin {origin}" in may_connect("localhost:8765", origin, ())
    assert may_connect("localhost:8765", origin, {origin}) == ""


def test_a_name_that_points_here_is_not_ours() -> None:
    assert "not known as evil.example" in may_connect("evil.example:8765", "http://evil.example:8765", ())
    assert "not known" in may_connect("evil.example:8765", None, ())
    assert "not known" in may_connect("[broken", None, ())
    assert may_connect("gamepc:8765", "http://gamepc:8765", {"http://gamepc:8765"}) == ""
    assert may_connect("gamepc:8765", None, {"http://gamepc:8765"}) == ""
