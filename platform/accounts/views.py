"""The pages about a person. Every view reads a form, calls one service and says where to go next."""

from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth import authenticate, login, logout, update_session_auth_hash
from django.contrib.auth import views as auth_views
from django.contrib.auth.forms import PasswordChangeForm, PasswordResetForm, SetPasswordForm
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse_lazy
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import services
from accounts.forms import AccountForm, LookForm, SettingsForm, SignInForm
from accounts.look import keep_theme, look_of
from accounts.models import User
from accounts.permissions import account_required, is_account, person_required
from accounts.requests import PersonRequest
from foundation.throttle import Throttle

# A person mistypes a few times; a whole class behind one address signs in within minutes.
NAME_TRIES = Throttle("sign-in-name", limit=8, window_s=300)
ADDRESS_TRIES = Throttle("sign-in-address", limit=100, window_s=300)
ACCOUNTS_MADE = Throttle("sign-up", limit=100, window_s=3600)
RESETS_SENT = Throttle("password-reset", limit=20, window_s=3600)

WRONG = "This address and password do not fit together. Capitals matter in the password."


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in. A guest's work moves into the account."""
    form = SignInForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        account = _matching_account(request, form)
        if account is not None:
            _enter(request, account)
            return redirect(_next_page(request))
        form.add_error(None, WRONG)
    return _form_page(request, "accounts/sign_in.html", form)


def _matching_account(request: HttpRequest, form: SignInForm) -> User | None:
    email = form.cleaned_data["email"]
    address = request.META.get("REMOTE_ADDR", "")
    NAME_TRIES.check(email)
    ADDRESS_TRIES.check(address)
    user = authenticate(request, username=email, password=form.cleaned_data["password"])
    if isinstance(user, User):
        NAME_TRIES.forget(email)
        return user
    NAME_TRIES.count(email)
    ADDRESS_TRIES.count(address)
    return None


def _enter(request: HttpRequest, account: User) -> None:
    guest = request.user
    if isinstance(guest, User) and guest.is_guest:
        services.guest_merge(guest=guest, account=account)
        messages.success(request, "Signed in. What you did as a guest is now among your clusters.")
    login(request, account)


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_up(request: HttpRequest) -> HttpResponse:
    """Make an account. Guests are sent to `keep`, which does the same without losing anything."""
    if isinstance(request.user, User):
        return redirect("accounts:keep" if request.user.is_guest else "labs:list")
    form = AccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        _count_account(request)
        login(request, services.account_create(**form.cleaned_data))
        messages.success(request, "Welcome aboard. Start with a lesson, or with an empty cluster of your own.")
        return redirect(_next_page(request))
    return _form_page(request, "accounts/sign_up.html", form)


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
@person_required
def keep(request: PersonRequest) -> HttpResponse:
    """Turn the guest who asks into an account; clusters, lessons and classes stay as they are."""
    if is_account(request.user):
        return redirect("accounts:settings")
    named = request.user.name != services.GUEST_NAME
    form = AccountForm(request.POST or None, initial={"name": request.user.name} if named else None)
    if request.method == "POST" and form.is_valid():
        _count_account(request)
        services.guest_keep(guest=request.user, **form.cleaned_data)
        update_session_auth_hash(request, request.user)
        messages.success(request, "Done. Your work is kept under your address from now on.")
        return redirect(_next_page(request))
    return _form_page(request, "accounts/keep.html", form)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Sign out."""
    logout(request)
    messages.info(request, "You are signed out.")
    return redirect("home")


@require_http_methods(["GET", "POST"])
@person_required
def settings_page(request: PersonRequest) -> HttpResponse:
    """Name and look."""
    user = request.user
    look = look_of(request)
    initial = {
        "name": user.name,
        "theme": look.theme,
        "reduced_motion": look.reduced_motion,
        "screen_reader": look.screen_reader,
    }
    form = SettingsForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        choices = dict(form.cleaned_data)
        services.name_set(user=user, name=choices.pop("name"))
        services.look_set(user=user, **choices)
        messages.success(request, "Saved.")
        response = redirect("accounts:settings")
        keep_theme(response, choices["theme"])
        return response
    return _form_page(request, "accounts/settings.html", form)


@require_POST
def look(request: HttpRequest) -> HttpResponse:
    """Keep a choice made in the lab: for a person in their row, for a visitor the theme alone, in a cookie."""
    form = LookForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest(form.errors.as_text(), content_type="text/plain")
    response = HttpResponse(status=HTTPStatus.NO_CONTENT)
    choices = form.given()
    if isinstance(request.user, User):
        services.look_set(user=request.user, **choices)
    if "theme" in choices:
        keep_theme(response, choices["theme"])
    return response


class PasswordChange(auth_views.PasswordChangeView):
    """Change the password; other browsers are signed out by it."""

    template_name = "accounts/password_change.html"
    success_url = reverse_lazy("accounts:settings")

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        response = super().form_valid(form)
        messages.success(self.request, "Your password is changed. Other browsers are signed out.")
        return response


password_change = account_required(PasswordChange.as_view())


class PasswordReset(auth_views.PasswordResetView):
    """Ask for a link by mail. The answer is the same whether the address is known or not."""

    template_name = "accounts/password_reset.html"
    email_template_name = "accounts/password_reset_mail.txt"
    subject_template_name = "accounts/password_reset_subject.txt"
    success_url = reverse_lazy("accounts:password-reset-sent")

    def form_valid(self, form: PasswordResetForm) -> HttpResponse:
        address = self.request.META.get("REMOTE_ADDR", "")
        RESETS_SENT.check(address)
        RESETS_SENT.count(address)
        return super().form_valid(form)


class PasswordResetSent(auth_views.PasswordResetDoneView):
    """The mail is on its way."""

    template_name = "accounts/password_reset_sent.html"


class PasswordResetConfirm(auth_views.PasswordResetConfirmView):
    """Choose a new password, by the link in the mail."""

    template_name = "accounts/password_reset_confirm.html"
    success_url = reverse_lazy("accounts:sign-in")

    def form_valid(self, form: "SetPasswordForm[User]") -> HttpResponse:
        response = super().form_valid(form)
        messages.success(self.request, "Your new password works. Sign in with it.")
        return response


def _form_page(request: HttpRequest, template: str, form: Form) -> HttpResponse:
    context = {"form": form, "next": request.POST.get("next") or request.GET.get("next", "")}
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, template, context, status=status)


def _next_page(request: HttpRequest) -> str:
    target = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return target
    return resolve_url("labs:list")


def _count_account(request: HttpRequest) -> None:
    address = request.META.get("REMOTE_ADDR", "")
    ACCOUNTS_MADE.check(address)
    ACCOUNTS_MADE.count(address)
