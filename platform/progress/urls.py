"""A lesson under way: `/lessons/…/start/` and the calls of the lab page."""

from django.urls import path

from progress import views

app_name = "progress"
urlpatterns = [
    path("lessons/<slug:track>/<slug:slug>/start/", views.start, name="start"),
    path("clusters/<uuid:cluster_id>/lesson/", views.place, name="place"),
    path("clusters/<uuid:cluster_id>/lesson/step/", views.step, name="step"),
    path("clusters/<uuid:cluster_id>/lesson/prediction/", views.prediction, name="prediction"),
    path("clusters/<uuid:cluster_id>/lesson/hint/", views.hint, name="hint"),
]
