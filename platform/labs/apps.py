"""Registers the app with Django."""

from django.apps import AppConfig


class LabsConfig(AppConfig):
    name = "labs"
