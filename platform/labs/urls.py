"""`/clusters/…` and `/try/`."""

from django.urls import path

from labs import views

app_name = "labs"
urlpatterns = [
    path("", views.cluster_list, name="list"),
    path("new/", views.cluster_new, name="new"),
    path("world/", views.world, name="world"),
    path("<uuid:cluster_id>/", views.lab, name="lab"),
    path("<uuid:cluster_id>/rename/", views.cluster_rename, name="rename"),
    path("<uuid:cluster_id>/run-on/", views.cluster_run_on, name="run-on"),
    path("<uuid:cluster_id>/reset/", views.cluster_reset, name="reset"),
    path("<uuid:cluster_id>/delete/", views.cluster_delete, name="delete"),
]
