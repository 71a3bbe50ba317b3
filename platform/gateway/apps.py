"""Registers the app with Django."""

from django.apps import AppConfig


class GatewayConfig(AppConfig):
    name = "gateway"
