"""Registers the app with Django."""

from django.apps import AppConfig


class ProgressConfig(AppConfig):
    name = "progress"
