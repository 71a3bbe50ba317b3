"""The forms people fill in about themselves. They check shapes and the password's strength; services do the work."""

from typing import Any

from django import forms
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError

from accounts.models import ADDRESS_TAKEN, Theme, User


class SignInForm(forms.Form):
    """An address and a password; whether they fit is the view's question."""

    email = forms.EmailField(
        label="Email address",
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    password = forms.CharField(
        label="Password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class AccountForm(forms.Form):
    """What an account needs: for signing up, and for keeping a guest's work."""

    name = forms.CharField(
        label="Your name",
        max_length=60,
        help_text="Shown to your instructor when you join a class.",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    email = forms.EmailField(label="Email address", widget=forms.EmailInput(attrs={"autocomplete": "username"}))
    password = forms.CharField(
        label="Password",
        strip=False,
        help_text="Ten characters or more. A few unrelated words make a good one.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_email(self) -> str:
        """Refuse an address that is taken, here rather than from the database, so that the field shows it."""
        email: str = self.cleaned_data["email"]
        if User.objects.filter(email__iexact=email).exists():
            raise ValidationError(ADDRESS_TAKEN)
        return email

    def clean(self) -> dict[str, Any]:
        """Check the password against the person it is for."""
        cleaned = super().clean() or {}
        if "password" in cleaned:
            person = User(name=cleaned.get("name", ""), email=cleaned.get("email"))
            try:
                password_validation.validate_password(cleaned["password"], person)
            except ValidationError as error:
                self.add_error("password", error)
        return cleaned


class SettingsForm(forms.Form):
    """A person's name and how the site should look."""

    name = forms.CharField(label="Your name", max_length=60, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    theme = forms.ChoiceField(label="Colours", choices=Theme.choices, widget=forms.RadioSelect)
    reduced_motion = forms.BooleanField(
        label="Less motion",
        required=False,
        help_text="Messages appear as numbered stops instead of travelling. Your system's own setting counts as well.",
    )
    screen_reader = forms.BooleanField(
        label="Screen reader support in the terminal",
        required=False,
        help_text="Keeps a readable copy of the terminal's text; slower with long output.",
    )


class LookForm(forms.Form):
    """Any of the three choices of the header, sent one at a time. `given` holds only those that were sent."""

    theme = forms.ChoiceField(choices=Theme.choices, required=False)
    reduced_motion = forms.ChoiceField(choices=[("on", "on"), ("off", "off")], required=False)
    screen_reader = forms.ChoiceField(choices=[("on", "on"), ("off", "off")], required=False)

    def given(self) -> dict[str, Any]:
        """The choices that were sent, as `services.look_set` wants them."""
        sent = {name: value for name, value in self.cleaned_data.items() if value}
        return {name: value if name == "theme" else value == "on" for name, value in sent.items()}
