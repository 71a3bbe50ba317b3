"""Registers the app with Django."""

from django.apps import AppConfig


class ClassroomConfig(AppConfig):
    name = "classroom"
