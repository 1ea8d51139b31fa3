"""What a model fills in: units converted here, and one hash that stands for all that it is told."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from vpp_core.negotiation import prompt_files
from vpp_core.negotiation.decisions import HomeForm, Price
from vpp_core.negotiation.prompt_files import FORMS, prompt, prompts_version


@pytest.mark.parametrize(("value", "unit"), [(90.0, "USD/MWh"), (0.09, "USD/kWh"), (9.0, "cents/kWh")])
def test_nine_cents_a_kilowatt_hour_are_ninety_dollars_a_megawatt_hour(value: float, unit: str) -> None:
    assert Price(value=value, unit=unit).usd_per_mwh == pytest.approx(90.0)  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "form"), FORMS.items())
def test_every_field_is_asked_for_and_no_other_is_taken(name: str, form: type) -> None:
    schema = form.model_json_schema()
    for part in (schema, *schema.get("$defs", {}).values()):
        assert set(part["required"]) == set(part["properties"])
        assert part["additionalProperties"] is False


def test_an_infinite_price_is_no_price() -> None:
    with pytest.raises(ValidationError):
        HomeForm.model_validate_json(
            '{"replies": [{"offer": 1, "decision": "ask", "price": {"value": 1e400, "unit": "USD/MWh"}}], "reason": ""}'
        )


@pytest.mark.parametrize("changed", FORMS)
def test_another_word_in_any_prompt_is_another_version(changed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = prompts_version()
    monkeypatch.setattr(prompt_files, "prompt", lambda name: prompt(name) + (" please" if name == changed else ""))
    assert prompts_version.__wrapped__() != usual


@pytest.mark.parametrize("changed", FORMS)
def test_another_form_of_an_answer_is_another_version(changed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = prompts_version()
    monkeypatch.setitem(FORMS, changed, type("Other", (FORMS[changed],), {}))
    assert prompts_version.__wrapped__() != usual
