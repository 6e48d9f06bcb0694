"""Readiness, refusals and retries of the model server behind the vision-language engine: a stand-in misbehaves."""

from __future__ import annotations

import socket
import ssl
import threading
from pathlib import Path
from typing import Any

import pytest
from certificates import Authority
from vlm_engines import KOREAN, engine, page
from vlm_stand_in import Say, StandIn, stand_in

from ml_server.engines.vlm.options import VLMOptions
from ml_server.errors import DeadlineExceeded, EngineFailed, EngineUnavailable, MLServerError, NotReady, ServerBusy


def test_a_server_that_is_loading_is_waited_for() -> None:
    with stand_in(loading=2, empty=1) as server:
        with engine(server):
            assert server.probes == 4
        server.loading = 10**6
        with pytest.raises(NotReady, match=r"did not come up within 0\.3 s.*loading"), engine(server, wait_s=0.3):
            pass
    with pytest.raises(NotReady, match="cannot be reached"), engine(server, wait_s=0.3):
        pass


def test_a_server_that_is_not_up_yet_is_waited_for() -> None:
    with socket.socket() as held:  # bound and not listening: connections are refused
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        port = int(held.getsockname()[1])
        asking = StandIn(url=f"http://127.0.0.1:{port}")
        found: list[int] = []

        def start() -> None:
            with engine(asking, wait_s=30.0) as made:
                found.append(len(made.read([page()], KOREAN)[0].blocks))

        thread = threading.Thread(target=start)
        thread.start()
        thread.join(0.3)
        assert thread.is_alive()
        assert not found
    with stand_in(port=port):
        thread.join(30)
    assert found == [3]


@pytest.mark.parametrize(
    ("settings", "options", "message"),
    [
        ({"models": ("a", "b")}, {"model": "c"}, "does not serve 'c'; it serves: a, b"),
        ({"models": ("a", "b")}, {}, "serves a, b; say which one in ML_SERVER_VLM_MODEL"),
        ({"key": "right"}, {"api_key": "wrong"}, r"refuses the key, ML_SERVER_VLM_API_KEY \(401\): no such key"),
        ({}, {"url_suffix": "/elsewhere"}, "is ML_SERVER_VLM_URL right"),
        ({"listed": (301, "")}, {}, r"/models is elsewhere: https://other/; is ML_SERVER_VLM_URL right"),
        ({"listed": (200, "<html>hello</html>")}, {}, "/models lists no models; is ML_SERVER_VLM_URL right"),
        ({"listed": (200, '{"status": "ok"}')}, {}, "/models lists no models; is ML_SERVER_VLM_URL right"),
        ({}, {"prompt": "tabel"}, "unknown VLM prompt 'tabel' for dots.ocr; known: auto, layout, boxes, ocr"),
    ],
)
def test_a_wrong_set_up_is_said_at_once(settings: dict[str, Any], options: dict[str, Any], message: str) -> None:
    with stand_in(**settings) as server:
        url = server.url + options.pop("url_suffix", "")
        with pytest.raises(EngineUnavailable, match=message), engine(server, url=url, **options):
            pass


def test_the_key_is_sent_and_never_shown() -> None:
    with stand_in(key="a secret") as server, engine(server, api_key="a secret") as made:
        assert made.read([page()], KOREAN)[0].lines
    assert "a secret" not in repr(VLMOptions(api_key="a secret"))
    asking = StandIn(url=server.url.replace("//", "//user:password@"))
    with pytest.raises(NotReady) as refused, engine(asking, wait_s=0.1):
        pass
    assert "127.0.0.1" in refused.value.message
    assert "password" not in refused.value.message


def test_a_server_with_a_private_certificate(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    pair = authority.issue("127.0.0.1")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pair.cert, pair.key)
    with stand_in(context) as server:
        with engine(server, ca_file=authority.file) as made:
            assert made.read([page()], KOREAN)[0].lines
        with pytest.raises(NotReady, match="certificate"), engine(server, wait_s=0.2):
            pass
        with pytest.raises(EngineUnavailable, match="CA file"), engine(server, ca_file=tmp_path / "none.pem"):
            pass


def test_what_passes_is_tried_again() -> None:
    script = [Say("full", status=429, headers={"Retry-After": "0"}), Say("oops", status=500), Say()]
    with stand_in(script=script) as server, engine(server) as made:
        assert made.read([page()], KOREAN)[0].lines
        assert len(server.asked) == 3


def test_a_server_that_stops_in_the_middle_of_an_answer_is_asked_again() -> None:
    with stand_in(script=[Say('[{"bbox": [1, 1, 9', finish_reason="abort"), Say()]) as server, engine(server) as made:
        (found,) = made.read([page()], KOREAN)
    assert (len(found.blocks), found.warnings) == (3, ())


def test_a_page_at_which_the_server_fails_each_time_is_given_up() -> None:
    with stand_in(script=[Say("CUDA error", status=500)]) as server, engine(server) as made:
        with pytest.raises(EngineFailed, match=r"failed \(500\): CUDA error") as failed:
            made.read([page()], KOREAN)
        assert len(server.asked) == 3
    assert failed.value.retry_after_s is None


@pytest.mark.parametrize(
    ("say", "kind", "message"),
    [
        (Say("full", status=429), ServerBusy, "has no room: full"),
        (Say("upstream", status=502), NotReady, "answered 502: upstream"),
        (Say("context of 2048 tokens", status=400), EngineFailed, r"refused the request \(400\): context of 2048 tok"),
        (Say("", finish_reason="content_filter"), EngineFailed, "withheld its answer: content filter"),
        (Say(" ", finish_reason="length"), EngineFailed, "wrote nothing before its limit"),
        (Say(delay_s=2.0), DeadlineExceeded, r"did not answer within 0\.6 s"),
    ],
)
def test_what_does_not_pass_is_an_error_of_the_page(say: Say, kind: type[MLServerError], message: str) -> None:
    with stand_in(script=[say]) as server, engine(server, timeout_s=0.6) as made, pytest.raises(kind, match=message):
        made.read([page()], KOREAN)
