"""`/clusters/<id>/kubeconfig/`: pages only; the API itself is mounted beside Django, at `/k/`."""

from django.urls import path

from gateway import views

app_name = "gateway"
urlpatterns = [
    path("clusters/<uuid:cluster_id>/kubeconfig/", views.kubeconfig, name="kubeconfig"),
    path("clusters/<uuid:cluster_id>/kubeconfig/revoke/", views.revoke, name="revoke"),
]
