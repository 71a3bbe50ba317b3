"""What one person has done in one lesson. One row a lesson, one row a step; the newest truth, not a history."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class LessonProgress(models.Model):
    """Where a person is in a lesson. `lesson` is `<track>/<slug>`: lessons are files and have no rows."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="lessons")
    lesson = models.CharField(max_length=200)
    step = models.CharField(max_length=40, help_text="the step last looked at")
    step_since = models.DateTimeField(default=timezone.now, help_text="when that step was entered or last moved on")
    started = models.DateTimeField(default=timezone.now)
    finished = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "lesson"], name="progress_lesson_once")]
        verbose_name_plural = "lesson progress"

    def __str__(self) -> str:
        return f"{self.user} in {self.lesson}"


class StepProgress(models.Model):
    """One step: which checks have passed (once passed, always passed), what was predicted, what it took."""

    lesson = models.ForeignKey(LessonProgress, on_delete=models.CASCADE, related_name="steps")
    step = models.CharField(max_length=40)
    passed = models.JSONField(default=list, blank=True, help_text="ids of the checks that have passed")
    options = models.JSONField(default=list, blank=True, help_text="the question's options, as read from the cluster")
    chosen = models.CharField(max_length=63, blank=True, help_text="the option the learner predicted")
    answer = models.CharField(max_length=63, blank=True, help_text="the right option, once revealed")
    hints = models.PositiveSmallIntegerField(default=0, help_text="how many have been shown")
    spent_s = models.PositiveIntegerField(default=0)
    done = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["lesson", "step"], name="progress_step_once")]
        verbose_name_plural = "step progress"

    def __str__(self) -> str:
        return f"{self.lesson}: {self.step}"
