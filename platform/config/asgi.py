"""The one entrance of a web process: health, the lab's raw calls, sockets, the API for kubectl, and Django's pages for
everything else."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
pages = get_asgi_application()

from channels.auth import AuthMiddlewareStack  # noqa: E402  (Django must be set up first)
from channels.routing import URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402

from gateway.site import ROOT as API_ROOT  # noqa: E402
from gateway.site import application as api  # noqa: E402
from labs.api import application as calls  # noqa: E402
from labs.health import application as health  # noqa: E402
from labs.web import Receive, Scope, Send  # noqa: E402
from live.routing import websocket_urlpatterns  # noqa: E402
from live.unknown import refuse  # noqa: E402

sockets = AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter([*websocket_urlpatterns, refuse])))
HEALTH = frozenset({"/healthz", "/readyz"})


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Hands each connection to whom it is for."""
    if scope["type"] in {"http", "websocket"} and scope["path"].startswith(API_ROOT):
        await api(scope, receive, send)
    elif scope["type"] == "websocket":
        await sockets(scope, receive, send)
    elif scope["type"] == "http" and scope["path"] in HEALTH:
        await health(scope, receive, send)
    elif scope["type"] == "http" and scope["path"].startswith("/api/clusters/"):
        await calls(scope, receive, send)
    else:
        await pages(dict(scope), receive, send)  # type: ignore[arg-type]
