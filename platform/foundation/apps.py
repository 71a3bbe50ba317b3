"""Registers the app with Django."""

from django.apps import AppConfig


class FoundationConfig(AppConfig):
    name = "foundation"
