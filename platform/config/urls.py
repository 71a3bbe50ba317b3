"""Every page of the site. What is not a page (commands, health) is answered before Django, in `config.asgi`."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from catalog.views import home
from labs.views import try_it

urlpatterns = [
    path("", home, name="home"),
    path("try/", try_it, name="try"),
    path("accounts/", include("accounts.urls")),
    path("lessons/", include("catalog.urls")),
    path("words/", include("catalog.word_urls")),
    path("clusters/", include("labs.urls")),
    path("", include("gateway.urls")),
    path("", include("progress.urls")),
    path("", include("classroom.urls")),
    # One door with one throttle: the admin's own form would let passwords be guessed beside it.
    path("admin/login/", RedirectView.as_view(pattern_name="accounts:sign-in", query_string=True)),
    path("admin/", admin.site.urls),
]

handler400 = "foundation.views.bad_request"
handler403 = "foundation.views.forbidden"
handler404 = "foundation.views.not_found"
handler500 = "foundation.views.broken"
