"""The client's own log of its requests: what `-v=6` and above print to standard error.

`client-go/transport/round_trippers.go` (1.33): 6 tells address and status, 7 the headers of the request, 8 those of the answer and
the bodies, cut after 1,024 characters. Every request here takes a millisecond.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import msgspec

from simulator.apiserver.request import Request, Response
from simulator.kubectl.kubeconfig import CONFIG_PATH
from simulator.machinery.go_text import klog_stamp, quoted

_URLS, _HEADERS, _BODIES, _WHOLE = 6, 7, 8, 9
_LONGEST = 1_024
_SHOWN = {"accept": "Accept", "content-type": "Content-Type", "user-agent": "User-Agent"}


class RequestLog:
    def __init__(self, level: int, host: str, clock: Callable[[], int], err: Callable[[str], None]) -> None:
        """`host`: the address of the server, with its scheme."""
        self._level = level
        self._host = host
        self._clock = clock
        self._err = err
        self._say("loader.go:402] Config loaded from file:  " + CONFIG_PATH)

    def tell(self, request: Request, response: Response) -> None:
        query = f"?{urlencode(sorted(request.query.items()))}" if request.query else ""
        address = f"verb={quoted(request.method)} url={quoted(self._host + request.path + query)}"
        status = f"status={quoted(f'{response.status} {_phrase(response.status)}')}"
        if self._level < _HEADERS:
            self._say(f'round_trippers.go:632] "Response" {address} {status} milliseconds=1')
            return
        if self._level >= _BODIES:
            self._say(f'helper.go:113] "Request Body" body={quoted(self._body(request.body))}')
        self._say(f'round_trippers.go:527] "Request" {address} {_block(_request_headers(request))}')
        text = self._body(response.body)
        headers = _block(_response_headers(text)) + " " if self._level >= _BODIES else ""
        self._say(f'round_trippers.go:632] "Response" {status} {headers}milliseconds=1')
        if self._level >= _BODIES:
            self._say(f'helper.go:113] "Response Body" body={quoted(text)}')

    def _body(self, body: Any) -> str:
        text = "" if body is None else body if isinstance(body, str) else _encoded(body)
        if self._level >= _WHOLE or len(text) <= _LONGEST:
            return text
        return f"{text[:_LONGEST]} [truncated {len(text) - _LONGEST} chars]"

    def _say(self, text: str) -> None:
        self._err(f"I{klog_stamp(self._clock())}       1 {text}\n")


def _phrase(status: int) -> str:
    """Go's word for it; Python's own changed with its versions."""
    return "Unprocessable Entity" if status == HTTPStatus.UNPROCESSABLE_ENTITY else HTTPStatus(status).phrase


def _encoded(body: Any) -> str:
    return body.decode() if isinstance(body, bytes) else msgspec.json.encode(body).decode()


def _request_headers(request: Request) -> dict[str, str]:
    return {_SHOWN[name]: text for name, text in sorted(request.headers.items()) if name in _SHOWN and text}


def _response_headers(text: str) -> dict[str, str]:
    return {
        "Cache-Control": "no-cache, private",
        "Content-Length": str(len(text.encode())),
        "Content-Type": "application/json",
    }


def _block(headers: Mapping[str, str]) -> str:
    return "headers=<\n" + "".join(f"\t{name}: {text}\n" for name, text in headers.items()) + " >"
