"""Progress in the admin, to look at."""

from django.contrib import admin

from progress.models import LessonProgress, StepProgress


class StepInline(admin.TabularInline):
    """The steps of one lesson."""

    model = StepProgress
    extra = 0


@admin.register(LessonProgress)
class LessonProgressAdmin(admin.ModelAdmin):
    """Who is where."""

    list_display = ["user", "lesson", "step", "started", "finished"]
    list_filter = ["lesson"]
    search_fields = ["user__name", "user__email"]
    raw_id_fields = ["user"]
    inlines = [StepInline]
