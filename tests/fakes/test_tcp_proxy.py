from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING

import pytest
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from tests.fakes.model_server import ModelServer
from tests.fakes.tcp_links import Sender
from tests.fakes.tcp_proxy import HOST, TcpProxy

if TYPE_CHECKING:
    from collections.abc import Iterator


class Echo:
    """A server that sends back what it gets, and remembers it."""

    def __init__(self) -> None:
        self.heard = b""
        self.ended = threading.Event()
        self._listener = socket.create_server((HOST, 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            while data := connection.recv(65536):
                self.heard += data
                connection.sendall(data)
        self.ended.set()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def echo() -> Iterator[Echo]:
    server = Echo()
    yield server
    server.close()


@pytest.fixture
def proxy(echo: Echo) -> Iterator[TcpProxy]:
    with TcpProxy(HOST, echo.port) as running:
        yield running


@pytest.fixture
def connection(proxy: TcpProxy) -> Iterator[socket.socket]:
    with socket.create_connection((HOST, proxy.port), timeout=10) as one:
        one.sendall(b"bonjour")
        assert one.recv(100) == b"bonjour"
        yield one


def fresh(proxy: TcpProxy) -> bytes:
    with socket.create_connection((HOST, proxy.port), timeout=10) as one:
        one.sendall(b"encore")
        return one.recv(100)


def test_it_passes_large_bodies_unchanged(proxy: TcpProxy, connection: socket.socket) -> None:
    body = bytes(range(256)) * 4000
    sender = threading.Thread(target=connection.sendall, args=(body,))
    sender.start()
    received = b""
    while len(received) < len(body):
        received += connection.recv(65536)
    sender.join()
    assert received == body
    assert proxy.connections == 1


def test_delayed_bytes_arrive_unchanged(proxy: TcpProxy, connection: socket.socket) -> None:
    proxy.delay(0.2)
    connection.sendall(b"lent")
    assert connection.recv(100) == b"lent"


def test_drop_ends_in_order_and_refuses_newcomers(proxy: TcpProxy, connection: socket.socket) -> None:
    proxy.drop()
    assert connection.recv(100) == b""
    with contextlib.suppress(ConnectionError):
        assert fresh(proxy) == b""
    proxy.pass_through()
    assert fresh(proxy) == b"encore"


def test_reset_ends_with_rst_and_refuses_newcomers(proxy: TcpProxy, connection: socket.socket) -> None:
    proxy.reset()
    with pytest.raises(ConnectionResetError):
        connection.recv(100)
    with pytest.raises(ConnectionError):
        fresh(proxy)
    proxy.pass_through()
    assert fresh(proxy) == b"encore"


def test_reset_once_lets_newcomers_pass(proxy: TcpProxy, connection: socket.socket) -> None:
    proxy.reset_once()
    with pytest.raises(ConnectionResetError):
        connection.recv(100)
    assert fresh(proxy) == b"encore"


def test_freeze_forwards_nothing_and_thaws_without_loss(proxy: TcpProxy, connection: socket.socket, echo: Echo) -> None:
    proxy.freeze()
    connection.sendall(b" froid")
    connection.settimeout(0.3)
    with pytest.raises(TimeoutError):
        connection.recv(100)
    assert echo.heard == b"bonjour"
    proxy.pass_through()
    connection.settimeout(10)
    assert connection.recv(100) == b" froid"


def test_freeze_passes_no_end_on(proxy: TcpProxy, connection: socket.socket, echo: Echo) -> None:
    proxy.freeze()
    connection.close()
    assert not echo.ended.wait(0.3)
    proxy.pass_through()
    assert echo.ended.wait(10)


def test_cut_with_delivery_loses_only_the_answer(proxy: TcpProxy, connection: socket.socket, echo: Echo) -> None:
    proxy.cut_after(b"COMMIT", Sender.CLIENT, deliver=True)
    connection.sendall(b"COM")
    assert connection.recv(100) == b"COM"
    connection.sendall(b"MIT;")
    with pytest.raises(ConnectionResetError):
        connection.recv(100)
    assert echo.ended.wait(10)
    assert echo.heard == b"bonjourCOMMIT;"
    assert proxy.cuts == 1
    assert fresh(proxy) == b"encore"


def test_cut_without_delivery_loses_the_bytes(proxy: TcpProxy, connection: socket.socket, echo: Echo) -> None:
    proxy.cut_after(b"ticket", Sender.SERVER, deliver=False)
    connection.sendall(b"ticket")
    with pytest.raises(ConnectionResetError):
        connection.recv(100)
    assert echo.heard == b"bonjourticket"
    assert proxy.cuts == 1


def test_nobody_behind_is_a_connection_error() -> None:
    with socket.create_server((HOST, 0)) as closed:
        port = int(closed.getsockname()[1])
    with TcpProxy(HOST, port) as proxy, pytest.raises(ConnectionError):
        fresh(proxy)


def test_an_address_by_way_of_the_proxy(proxy: TcpProxy) -> None:
    through = proxy.through("postgresql+psycopg2://sav:p%40ss@127.0.0.1:5432/sav?x=1")
    assert through == f"postgresql+psycopg2://sav:p%40ss@127.0.0.1:{proxy.port}/sav?x=1"
    assert proxy.through("redis://localhost:6379/3") == f"redis://127.0.0.1:{proxy.port}/3"


def test_a_real_client_through_it() -> None:
    with ModelServer() as model, TcpProxy(HOST, model.port) as proxy:
        chat = ChatOpenAI(model="m", base_url=proxy.through(model.base_url), api_key=SecretStr("k"), max_retries=0)
        assert chat.invoke("Bonjour").content == "Vous écrivez : Bonjour"
