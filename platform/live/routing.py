"""Where the sockets are."""

from django.urls import path

from live.consumers import LabConsumer, WallConsumer

websocket_urlpatterns = [
    path("ws/labs/<uuid:cluster>/", LabConsumer.as_asgi()),
    path("ws/wall/<uuid:group>/", WallConsumer.as_asgi()),
]
