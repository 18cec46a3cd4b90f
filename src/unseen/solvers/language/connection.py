"""HTTP with a limit on the time of the whole request, however slowly the server drips."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from contextlib import suppress
from urllib.parse import SplitResult

LARGEST_BODY = 16 * 1024 * 1024
"""Bytes of a reply that are read at most."""

WATCH_EVERY = 0.05
"""Seconds between two looks at the requests in flight."""


class TimeLimitError(Exception):
    """The request took longer than it may."""


class StoppedError(Exception):
    """The request was given up because the run ends."""


class Watch:
    """Cuts connections whose time is over: a time-out of a socket alone begins anew with each byte that arrives."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watched: dict[Connection, float] = {}
        self._ended = threading.Event()
        self.ending = threading.Event()
        """Nothing more is to be sent; requests in flight are finished."""
        self.stopped = threading.Event()
        """Requests in flight are given up as well."""
        threading.Thread(target=self._look, daemon=True, name="unseen-watch").start()

    def begin(self, connection: Connection, deadline: float) -> None:
        """Cut the connection at the deadline, of `time.monotonic`, unless `end` is called before."""
        with self._lock:
            self._watched[connection] = deadline

    def end(self, connection: Connection) -> None:
        """Leave the connection alone from now on."""
        with self._lock:
            self._watched.pop(connection, None)

    def stop(self) -> None:
        """Cut everything now."""
        self.ending.set()
        self.stopped.set()
        with self._lock:
            for connection in self._watched:
                connection.cut()

    def close(self) -> None:
        """End the watching thread."""
        self._ended.set()

    def _look(self) -> None:
        while not self._ended.wait(WATCH_EVERY):
            now = time.monotonic()
            with self._lock:
                for connection, deadline in self._watched.items():
                    if now > deadline:
                        connection.cut()


class Connection:
    """A connection to one server, kept open between requests; used by one thread.

    Parameters
    ----------
    url : SplitResult
        Scheme, host and port.
    time_limit : float
        Seconds that a request may take in all.
    watch : Watch
        Sees to it.
    """

    def __init__(self, url: SplitResult, time_limit: float, watch: Watch) -> None:
        kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
        self._http = kind(url.hostname or "", url.port, timeout=time_limit)
        self._time_limit, self._watch = time_limit, watch
        self._socket: socket.socket | None = None

    def post(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Send and receive; the connection is closed if anything goes wrong.

        Raises
        ------
        TimeLimitError
            If it took too long.
        StoppedError
            If the run ended meanwhile.
        OSError, http.client.HTTPException
            If the server cannot be reached, closes early or does not speak HTTP.
        """
        deadline = time.monotonic() + self._time_limit
        self._watch.begin(self, deadline)
        try:
            if self._http.sock is None:
                self._http.connect()
            self._socket = self._http.sock
            if self._watch.stopped.is_set():
                raise StoppedError
            self._http.request("POST", path, body, headers)
            response = self._http.getresponse()
            received = response.read(LARGEST_BODY + 1)
            if len(received) > LARGEST_BODY:
                raise http.client.HTTPException(f"a reply of more than {LARGEST_BODY} bytes")
            if not response.isclosed():
                if response.length:  # it ended before its announced length
                    raise http.client.IncompleteRead(received, response.length)
                self.close()  # a body without announced length ends with the connection
            if self._watch.stopped.is_set() and not received:
                raise StoppedError
            return response.status, response.headers, received
        except (OSError, http.client.HTTPException) as error:
            self.close()
            if self._watch.stopped.is_set():
                raise StoppedError from error
            if isinstance(error, TimeoutError) or time.monotonic() > deadline:
                raise TimeLimitError(f"no answer within {self._time_limit:g} s") from error
            raise
        finally:
            self._watch.end(self)

    def cut(self) -> None:
        """End a request that runs in another thread, which then raises."""
        if self._socket is not None:
            with suppress(OSError):
                # Not SSLSocket.shutdown, which would take the encryption from under the reading thread.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        self._socket = None
        self._http.close()
