"""`/classes/…`, `/join/…` and a learner's call for help."""

from django.urls import path

from classroom import image_views, views

app_name = "classroom"
urlpatterns = [
    path("classes/", views.class_list, name="list"),
    path("classes/open/", views.class_open, name="open"),
    path("classes/images/", image_views.image_list, name="images"),
    path("classes/images/new/", image_views.image_edit, name="image-new"),
    path("classes/images/<uuid:image_id>/", image_views.image_edit, name="image"),
    path("classes/images/<uuid:image_id>/delete/", image_views.image_delete, name="image-delete"),
    path("classes/<uuid:class_id>/", views.class_page, name="class"),
    path("classes/<uuid:class_id>/close/", views.class_close, name="close"),
    path("classes/<uuid:class_id>/reopen/", views.class_reopen, name="reopen"),
    path("classes/<uuid:class_id>/wall/", views.wall, name="wall"),
    path("join/", views.join_by_code, name="join-by-code"),
    path("join/<str:code>/", views.join, name="join"),
    path("clusters/<uuid:cluster_id>/help/", views.help_request, name="help"),
]
