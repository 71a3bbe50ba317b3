"""Run as a program: an instructor with a class of two learners, a stranger, and everybody's session, as JSON."""

import json
import sys

import django
from django.conf import settings


def main() -> None:
    django.setup()
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from accounts.models import User
    from classroom.models import Class, HelpRequest, Membership
    from labs.models import Cluster

    def person(name: str, email: str | None = None) -> tuple[User, str]:
        user = User.objects.create(name=name, email=email, is_guest=email is None)
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.save()
        return user, str(session.session_key)

    teacher, teaching = person("Tess", "tess@example.org")
    _, strange = person("Sam", "sam@example.org")
    group = Class.objects.create(instructor=teacher, name="Harbour school", lesson="none/none")
    made = {"class": str(group.pk), "sessions": {"teacher": teaching, "stranger": strange}, "labs": {}, "members": {}}
    for name in ("Ann", "Ben"):
        user, session = person(name)
        cluster = Cluster.objects.create(owner=user, name=f"{name}'s lab", config="beat_us:200000")
        member = Membership.objects.create(group=group, user=user, cluster=cluster)
        made["sessions"][name] = session  # type: ignore[index]
        made["labs"][name] = str(cluster.pk)  # type: ignore[index]
        made["members"][name] = str(member.pk)  # type: ignore[index]
    HelpRequest.objects.create(membership=Membership.objects.get(user__name="Ann"), text="Where is my pod?")
    sys.stdout.write(json.dumps(made))


if __name__ == "__main__":
    main()
