"""Classes in the admin."""

from django.contrib import admin

from classroom.models import Class, HelpRequest, Hint, Membership


class MembershipInline(admin.TabularInline):
    """Who is in a class."""

    model = Membership
    extra = 0
    raw_id_fields = ["user", "cluster"]


@admin.register(Class)
class ClassAdmin(admin.ModelAdmin):
    """Classes."""

    list_display = ["name", "code", "instructor", "lesson", "opened", "closed"]
    list_filter = ["lesson"]
    search_fields = ["name", "code", "instructor__name"]
    raw_id_fields = ["instructor"]
    readonly_fields = ["code"]
    inlines = [MembershipInline]


@admin.register(HelpRequest)
class HelpRequestAdmin(admin.ModelAdmin):
    """Calls for help."""

    list_display = ["membership", "text", "asked", "answered"]
    raw_id_fields = ["membership"]


@admin.register(Hint)
class HintAdmin(admin.ModelAdmin):
    """Hints sent."""

    list_display = ["membership", "sender", "text", "sent"]
    raw_id_fields = ["membership", "sender"]
