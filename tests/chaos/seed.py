"""Run as a program in a process of its own: makes one signed-in person with clusters and prints them as JSON.

`python seed.py <how many clusters>`; the settings and the database come from the environment.
"""

import json
import sys

import django
from django.conf import settings


def main(count: int) -> None:
    django.setup()
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from accounts.models import User
    from labs.models import Cluster

    user = User.objects.create(name="Chaos", is_guest=True)
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    clusters = [str(Cluster.objects.create(owner=user, name=f"lab {number}").pk) for number in range(count)]
    sys.stdout.write(json.dumps({"session": session.session_key, "user": str(user.pk), "clusters": clusters}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
