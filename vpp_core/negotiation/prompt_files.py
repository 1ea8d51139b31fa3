"""The prompts: files beside this one, and one hash that stands for all of them and the forms they ask for."""

from __future__ import annotations

import functools
import hashlib
import json
from importlib import resources

from vpp_core.iso import DEFAULT
from vpp_core.negotiation.decisions import Form, FormulationForm, HomeForm, PlanForm, TermsForm

FORMS: dict[str, type[Form]] = {
    "strategist": TermsForm,
    "formulation": FormulationForm,
    "plan": PlanForm,
    "home": HomeForm,
}
"""What each prompt is answered with."""


@functools.cache
def prompt(name: str, region: str = DEFAULT.region) -> str:
    """The text of a prompt, one of `FORMS`, for a plant in the region of a market."""
    file = resources.files("vpp_core.negotiation") / "prompts" / f"{name}.md"
    return file.read_text(encoding="utf-8").strip().replace("{region}", region)


@functools.cache
def prompts_version() -> str:
    """12 hexadecimal digits (SHA-256) of all prompts and forms."""
    content = {name: [prompt(name), form.model_json_schema()] for name, form in FORMS.items()}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]
