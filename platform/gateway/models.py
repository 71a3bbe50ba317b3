"""Who may reach a cluster from outside: the keys in its kubeconfigs. Only their digests are kept."""

from django.db import models

from labs.models import Cluster


class ApiKey(models.Model):
    """One downloaded kubeconfig. Whoever has it acts as the owner of the cluster until it expires or is revoked."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="api_keys")
    digest = models.CharField(max_length=64, unique=True)
    created = models.DateTimeField(auto_now_add=True)
    expires = models.DateTimeField()

    class Meta:
        ordering = ["-created", "-pk"]

    def __str__(self) -> str:
        return f"{self.cluster_id} until {self.expires:%Y-%m-%d}"
