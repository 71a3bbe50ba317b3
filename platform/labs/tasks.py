"""Background jobs of the labs: short, idempotent, each may run twice. Handed out through the outbox."""

from celery import shared_task

from labs.services import history_thin


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]
def cluster_thin(cluster_id: str) -> None:
    """Forget what nobody can go back to."""
    history_thin(cluster_id=cluster_id)
