"""The forms about clusters."""

from typing import Any

from django import forms
from django.conf import settings

from labs.configs import ConfigRefused, Mistake, config_read, config_with
from labs.templates import TEMPLATES, template_find

OWN = "own"


class ClusterForm(forms.Form):
    """A new cluster: a template, or a configuration of one's own. `mistake` says where the latter is wrong."""

    template = forms.ChoiceField(
        label="Begin with",
        choices=[*((template.name, template.title) for template in TEMPLATES), (OWN, "My own configuration")],
        initial=TEMPLATES[0].name,
        widget=forms.RadioSelect,
    )
    name = forms.CharField(label="Name", max_length=80, required=False, help_text="Only you see it. You can rename it.")
    config = forms.CharField(
        label="Configuration",
        required=False,
        strip=False,
        help_text="A kind configuration: nodes with role, and if you like name, zone, labels, taints, cpu, memory, pods.",
        widget=forms.Textarea(attrs={"class": "code", "rows": 14, "spellcheck": "false", "autocapitalize": "none"}),
    )
    unknown_images = forms.BooleanField(
        label="Run images that Drydock does not know",
        required=False,
        help_text="As plain servers, so that manifests of your own come up. Docker's own names still have to be right.",
    )
    mistake: Mistake | None = None

    def clean(self) -> dict[str, Any]:
        """Read the configuration when it is the one wanted."""
        cleaned = super().clean() or {}
        if cleaned.get("template") == OWN:
            self._read(cleaned.get("config") or "")
        return cleaned

    def choice(self) -> dict[str, Any]:
        """What `services.cluster_create` wants of this form."""
        data = self.cleaned_data
        if data["template"] == OWN:
            name, config = "My cluster", data["config"]
        else:
            template = template_find(data["template"]) or TEMPLATES[0]
            name, config = template.title, template.config
        if data["unknown_images"]:
            config = config_with(config, "allowUnknownImages", True)
        return {"name": data["name"] or name, "config": config}

    def _read(self, text: str) -> None:
        if not text.strip():
            self.add_error("config", "Write a configuration, or begin with one of the templates.")
            return
        try:
            config_read(text, most_nodes=settings.DRYDOCK_LIMITS["nodes"])
        except ConfigRefused as refused:
            self.mistake = refused.mistake
            self.add_error("config", refused.mistake.message)


class RenameForm(forms.Form):
    """Another name for a cluster."""

    name = forms.CharField(label="Name", max_length=80)
