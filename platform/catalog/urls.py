"""`/lessons/…`. The home page is named in the project's URLs."""

from django.urls import path

from catalog import views

app_name = "catalog"
urlpatterns = [
    path("", views.lesson_list, name="list"),
    path("<slug:track>/<slug:slug>/", views.lesson, name="lesson"),
]
