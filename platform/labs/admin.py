"""Clusters in the admin, to look at. The hosts own the numbers, so they cannot be changed here."""

from django.contrib import admin
from django.http import HttpRequest

from labs.models import Cluster, Journal, Outbox, Snapshot


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


class ReadOnlyAdmin(admin.ModelAdmin):
    """Rows that only the hosts write: to be read, never changed. They go when their cluster goes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Journal)
class JournalAdmin(ReadOnlyAdmin):
    """What was done in clusters."""

    list_display = ["cluster", "timeline", "seq", "kind", "t_us", "actor"]
    list_filter = ["kind"]
    search_fields = ["cluster__id", "rid"]


@admin.register(Snapshot)
class SnapshotAdmin(ReadOnlyAdmin):
    """Kept states, without the state itself."""

    list_display = ["cluster", "timeline", "seq", "t_us", "ev", "rv"]
    search_fields = ["cluster__id"]
    exclude = ["state"]
