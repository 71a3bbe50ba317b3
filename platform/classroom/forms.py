"""The forms of classes."""

from django import forms

from catalog.selectors import lesson_choices


class ClassForm(forms.Form):
    """What a new class needs."""

    name = forms.CharField(label="Name of the class", max_length=80, help_text="For example: Cloud systems, group B")
    lesson = forms.ChoiceField(label="Lesson", choices=lesson_choices)
    guests_allowed = forms.BooleanField(
        label="Learners may join without an account, with a name only", required=False, initial=True
    )


class CodeForm(forms.Form):
    """A join code."""

    code = forms.CharField(
        label="Join code",
        max_length=40,
        widget=forms.TextInput(attrs={"placeholder": "tide-4827", "autocomplete": "off", "autocapitalize": "none"}),
    )


class GuestNameForm(forms.Form):
    """How the class shall call a guest."""

    name = forms.CharField(
        label="Your name",
        max_length=60,
        help_text="Your instructor sees it beside your cluster.",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
