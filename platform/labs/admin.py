"""Clusters in the admin, to look at. The hosts own the numbers, so they cannot be changed here."""

from django.contrib import admin

from labs.models import Cluster, Outbox


@admin.register(Cluster)
class ClusterAdmin(admin.ModelAdmin):
    """Clusters."""

    list_display = ["name", "owner", "lesson", "status", "head", "touched"]
    list_filter = ["status", "lesson"]
    search_fields = ["name", "owner__name", "owner__email", "id"]
    raw_id_fields = ["owner"]
    readonly_fields = [
        field.name for field in Cluster._meta.fields if field.name not in {"id", "name", "owner", "lesson"}
    ]


@admin.register(Outbox)
class OutboxAdmin(admin.ModelAdmin):
    """Jobs not yet handed out."""

    list_display = ["task", "args", "created"]
