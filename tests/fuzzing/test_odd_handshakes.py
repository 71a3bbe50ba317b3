"""exec, attach and port-forward over WebSocket: odd places, odd protocols, frames of any shape."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway import sockets
from tests.fuzzing.door import Door, fuzzed

PROTOCOLS = st.lists(
    st.sampled_from(
        ["v5.channel.k8s.io", "v4.channel.k8s.io", "channel.k8s.io", "base64.channel.k8s.io", "v4.base64.channel.k8s.io",
         "SPDY/3.1+portforward.k8s.io", "portforward.k8s.io", "", "x" * 200, "\x00"]
    ),
    max_size=3,
)  # fmt: skip
PATHS = st.one_of(
    st.tuples(
        st.sampled_from(["one", "none", "", "..", "a/b"]), st.sampled_from(["exec", "attach", "portforward", "log", ""])
    ).map(lambda part: f"/api/v1/namespaces/default/pods/{part[0]}/{part[1]}"),
    st.sampled_from(["/", "/api/v1/namespaces/default/pods", "/api/v1/nodes/kind-worker/exec", "/version"]),
)
QUERIES = st.lists(
    st.sampled_from(
        ["command=sh", "command=cat", "command=echo", "command=x", "command=%00", "command=", "container=one", "container=none", "stdin=1",
         "stdout=1", "stderr=true", "tty=1", "ports=80", "ports=0", "ports=99999", "ports=x", "ports=80,81", "ports=%D9%A1", "command=" + "a" * 3000]
    ),
    max_size=5,
).map(lambda parts: "&".join(parts).encode())  # fmt: skip
FRAMES = st.lists(
    st.one_of(
        st.binary(max_size=40).map(lambda data: {"type": "websocket.receive", "bytes": data}),
        st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=20).map(
            lambda text: {"type": "websocket.receive", "text": text}
        ),
        st.sampled_from(
            [b"\x00exit\n", b"\x00ls\nexit 3\n", b"\x04{}", b'\x04{"Width":-1,"Height":1e400}', b"\x04{", b"\xff\x00", b"\xff", b"\xff\xff", b"\x00",
             b"", b"\x80\x03\x00\x01" + b"\x00" * 8, b"\x00GET / HTTP/1.1\r\n\r\n", b"\x00\xff\xfe\n", b"\x05x", b"\x00" + b"a" * 5000]
        ).map(lambda data: {"type": "websocket.receive", "bytes": data}),
    ),
    max_size=5,
)  # fmt: skip


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits that are for real clients on real networks."""
    monkeypatch.setattr(sockets, "_CLIENT_SETTLES_S", 0.0)
    monkeypatch.setattr(sockets, "_INPUT_S", 0.0)


@fuzzed(300)
@given(path=PATHS, query=QUERIES, protocols=PROTOCOLS, frames=FRAMES)
@example("/api/v1/namespaces/default/pods/one/portforward", b"ports=99999", [], [])
def test_any_handshake_is_answered(
    door: Door, path: str, query: bytes, protocols: list[str], frames: list[dict]
) -> None:
    sent = door.talk(path, query, protocols, frames)
    assert sent, "no answer"
    assert sent[0]["type"] in ("websocket.accept", "websocket.close")
