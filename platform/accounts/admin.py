"""People in the admin."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as BaseUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm

from accounts.models import User


class UserCreationForm(AdminUserCreationForm):
    """An account made by staff."""

    class Meta:
        model = User
        fields = ["email", "name"]


@admin.register(User)
class UserAdmin(BaseUserAdmin):
    """Accounts and guests."""

    add_form = UserCreationForm
    ordering = ["-joined"]
    list_display = ["name", "email", "is_guest", "is_staff", "joined", "last_login"]
    list_filter = ["is_guest", "is_staff", "is_active"]
    search_fields = ["name", "email"]
    readonly_fields = ["joined", "last_login"]
    fieldsets = [
        (None, {"fields": ["email", "name", "is_guest", "password"]}),
        ("Look", {"fields": ["theme", "reduced_motion", "screen_reader"]}),
        ("Rights", {"fields": ["is_active", "is_staff", "is_superuser", "groups", "user_permissions"]}),
        ("Times", {"fields": ["joined", "last_login"]}),
    ]
    add_fieldsets = [(None, {"fields": ["email", "name", "usable_password", "password1", "password2"]})]
