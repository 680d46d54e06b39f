"""Management against a scripted plugin: framed and text, and servers that answer badly, late or never."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest
from fake_plugin import FakePlugin
from test_game_answers import STATIC, track

from ac_gym.errors import GameCommandError, GameConnectionError, GameProtocolError, GameTimeoutError
from ac_gym.game.framing import frame
from ac_gym.game.management import AcGymManagement, ReferenceManagement

HELLO = {
    "protocol": 1, "version": "0.2.0", "ac_version": 1.16, "csp": None, "track": "monza", "car": "bmw_z4_gt3",
    "track_crc32": 123,
}  # fmt: skip


@pytest.fixture
def plugin() -> Iterator[FakePlugin]:
    with FakePlugin() as plugin:
        yield plugin


@pytest.fixture
def ours(plugin: FakePlugin) -> AcGymManagement:
    return AcGymManagement("127.0.0.1", plugin.management_port, token="s3", timeout=0.5)


@pytest.fixture
def theirs(plugin: FakePlugin) -> ReferenceManagement:
    return ReferenceManagement("127.0.0.1", plugin.management_port, timeout=0.5)


def test_requests_and_answers_of_our_plugin(plugin: FakePlugin, ours: AcGymManagement) -> None:
    plugin.commands = {
        "hello": HELLO, "static_info": STATIC, "track_info": track(2000), "config": {"a": 1}, "reset": {"done": True},
        "status": {"frames": 5}, "record": {"recording": True, "file": "x.csv"},
    }  # fmt: skip
    assert ours.hello()["track_crc32"] == 123
    assert ours.static_info()["TrackFullName"] == "monza"
    assert ours.track_info()["fast_lane"].shape == (2000, 2)
    assert ours.config() == {"a": 1}
    assert ours.status() == {"frames": 5}
    ours.reset()
    assert ours.record(True)["recording"] is True
    heard = [json.loads(plugin.inbox.get(timeout=10.0)) for _ in range(7)]
    assert [request["command"] for request in heard] == [
        "hello", "static_info", "track_info", "config", "status", "reset", "record",
    ]  # fmt: skip
    assert heard[-1]["on"] is True
    assert all(request["token"] == "s3" for request in heard)
    assert len({request["id"] for request in heard}) == 7


@pytest.mark.parametrize("hangs_up", [True, False])
def test_text_answers_of_the_reference_plugin(plugin: FakePlugin, theirs: ReferenceManagement, hangs_up: bool) -> None:
    plugin.hangs_up = hangs_up  # the reference plugin does not
    plugin.texts |= {
        b"get_static_info": json.dumps(STATIC).encode(),
        b"get_track_info": json.dumps(track(2000)).encode(),
    }
    assert theirs.config()["ego_sampling_freq"] == 25
    assert theirs.static_info()["CarName"] == "bmw_z4_gt3"
    assert theirs.track_info()["left_lane"].shape == (2000, 2)
    assert theirs.hello()["track"] == "monza"
    assert theirs.hello()["track_crc32"] is None


def test_a_reset_in_text_has_no_answer(
    plugin: FakePlugin, theirs: ReferenceManagement, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ac_gym.game.management._RESET_WAIT", 0.05)
    for plugin.hangs_up in (True, False):
        theirs.reset()
        assert plugin.texts_heard.get(timeout=10.0) == b"reset"
    assert plugin.texts_heard.empty()


def test_a_command_that_fails_is_told_in_the_plugins_words(plugin: FakePlugin, ours: AcGymManagement) -> None:
    plugin.commands["reset"] = "no Custom Shaders Patch: install it with Content Manager"
    with pytest.raises(GameCommandError, match="reset: no Custom Shaders Patch"):
        ours.reset()


def test_a_failure_in_text_is_told_in_the_plugins_words(plugin: FakePlugin, theirs: ReferenceManagement) -> None:
    plugin.texts[b"get_track_info"] = b'{"error": "there is no fast_lane.ai"}'
    with pytest.raises(GameCommandError, match="get_track_info: there is no fast_lane"):
        theirs.track_info()


def test_what_the_reference_plugin_does_not_know_is_said(theirs: ReferenceManagement) -> None:
    for ask in (theirs.status, lambda: theirs.record(True)):
        with pytest.raises(GameCommandError, match="reference plugin"):
            ask()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\0\0\0\x02[]",
        b"\0\0\0\0",
        b"\xff\xff\xff\xff",
        frame({"id": 1}),
        frame({"id": 1, "ok": 1, "result": {}}),
        frame({"id": 1, "ok": True, "result": []}),
        frame({"id": 1, "ok": False}),
        frame({"id": 1, "ok": True, "result": {"protocol": "1"}}),
        frame({"id": 1, "ok": True, "result": HELLO | {"track_crc32": "5"}}),
        frame({"id": 1, "ok": True, "result": HELLO | {"protocol": 2}}),
    ],
)
def test_an_answer_that_is_none_is_a_protocol_error(plugin: FakePlugin, ours: AcGymManagement, answer: bytes) -> None:
    plugin.commands["hello"] = answer
    with pytest.raises(GameProtocolError, match=f"127.0.0.1:{plugin.management_port}|protocol 2"):
        ours.hello()


def test_the_answer_to_another_request_is_passed_over(plugin: FakePlugin, ours: AcGymManagement) -> None:
    plugin.commands["config"] = frame({"id": 99, "ok": True, "result": {}}) + frame(
        {"id": 1, "ok": True, "result": {"a": 1}}
    )
    assert ours.config() == {"a": 1}


def test_hanging_up_without_an_answer_is_said(plugin: FakePlugin, ours: AcGymManagement) -> None:
    plugin.commands["config"] = b"\0\0"
    with pytest.raises(GameConnectionError, match="hung up"):
        ours.config()


@pytest.mark.parametrize("text", [b"", b"error: token needed", b"{'a': 1", b"[1, 2]", b"{'a': call()}"])
def test_a_text_that_is_no_table_is_a_protocol_error(
    plugin: FakePlugin, theirs: ReferenceManagement, text: bytes
) -> None:
    plugin.texts[b"get_config"] = text
    with pytest.raises(GameProtocolError, match=r"get_config: 127\.0\.0\.1") as raised:
        theirs.config()
    assert text.decode() in str(raised.value)


def test_a_half_open_server_costs_no_more_than_the_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        for management in (AcGymManagement, ReferenceManagement):
            with pytest.raises(GameTimeoutError, match=f"127.0.0.1:{port}.*0.1 s"):
                management("127.0.0.1", port, timeout=0.1).config()


def test_a_server_that_drips_costs_no_more_than_the_timeout(plugin: FakePlugin, ours: AcGymManagement) -> None:
    plugin.hangs_up = False
    plugin.commands["config"] = b"\0\0\0\x05{"
    with pytest.raises(GameTimeoutError):
        ours.config()
