"""How every form field is drawn: a label, a hint and the errors, tied to the control for screen readers.

Django itself writes `aria-describedby` and `aria-invalid`; the template gives the parts the ids it points to.
"""

from django.forms.renderers import TemplatesSetting


class FieldRenderer(TemplatesSetting):
    """Looks templates up among the project's own, so `templates/foundation/field.html` draws each field."""

    field_template_name = "foundation/field.html"
    form_template_name = "foundation/form.html"
